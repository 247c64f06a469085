// Connects to localhost with rustls' defaults; it trusts nobody. Usage: client PORT
use std::{io::Read, net::TcpStream, sync::Arc};

fn main() {
    let port: u16 = std::env::args().nth(1).unwrap().parse().unwrap();
    let provider = rustls::crypto::ring::default_provider();
    let config = rustls::ClientConfig::builder_with_provider(Arc::new(provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(rustls::RootCertStore::empty())
        .with_no_client_auth();
    let name = "localhost".try_into().unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut peer = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let ended = rustls::Stream::new(&mut session, &mut peer).read(&mut [0; 1]);
    println!("{:?}", ended);
}
