//! Verifies chains as a rustls client does. One line of JSON in, one out:
//! {"chain": [base64...], "roots": [base64...], "name": "host"}.
use base64::prelude::*;
use rustls::client::danger::ServerCertVerifier;
use rustls::client::WebPkiServerVerifier;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::RootCertStore;
use std::io::BufRead;
use std::sync::Arc;

fn certificates(value: &serde_json::Value) -> Vec<CertificateDer<'static>> {
    let texts = value.as_array().expect("a list").iter();
    texts.map(|text| BASE64_STANDARD.decode(text.as_str().expect("text")).expect("base64").into()).collect()
}

fn verify(line: &str) -> Result<(), String> {
    let query: serde_json::Value = serde_json::from_str(line).expect("JSON");
    let chain = certificates(&query["chain"]);
    let mut roots = RootCertStore::empty();
    for root in certificates(&query["roots"]) {
        let _ = roots.add(root); // one that cannot be read is none
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|error| format!("{error:?}"))?;
    let name = ServerName::try_from(query["name"].as_str().expect("text").to_string()).expect("a name");
    verifier
        .verify_server_cert(&chain[0], &chain[1..], &name, &[], UnixTime::now())
        .map(|_| ())
        .map_err(|error| format!("{error:?}"))
}

fn main() {
    for line in std::io::stdin().lock().lines() {
        match verify(&line.expect("a line")) {
            Ok(()) => println!("accepts\t"),
            Err(error) => println!("refuses\t{}", error.replace('\n', " ")),
        }
    }
}
