"""Why a file of certificates cannot be read, for people: the texts of each reason. See `failure`."""

from collections.abc import Mapping

from exporter.findings.explanation import Explanation
from exporter.net.reason import Reason

AT_REST_EXPLANATIONS: Mapping[Reason, Explanation] = {
    Reason.NOT_FOUND: Explanation(
        "There is no such file",
        "Nothing is at the configured path, or a kubeconfig names a certificate file that is not there.",
        "Check the path from within the exporter's container or unit: a volume that is not mounted, `ProtectHome` and "
        "`ProtectSystem` hide files that the host has. A pattern such as `/etc/ssl/*.pem` matches what there is.",
    ),
    Reason.PERMISSION_DENIED: Explanation(
        "The file may not be read",
        "The exporter's user may not open the file, or may not pass through one of its folders.",
        "Let the exporter's group read the certificate, which is public: `setfacl -m g:tls-exporter:r FILE`, and `x` "
        "on its folders. Keep the private key in a file of its own. Check SELinux and AppArmor too.",
    ),
    Reason.NOT_A_FILE: Explanation(
        "The path is no regular file",
        "At the configured path is a folder, a device, a pipe or a socket.",
        "For a folder, write a pattern for the files in it, such as `/etc/ssl/site/*.pem`.",
    ),
    Reason.READ_ERROR: Explanation(
        "The file cannot be read",
        "The system gave an error when the file was opened or read: a broken disk, a network file system that is "
        "away, or a link that leads to itself.",
        "The detail has the system's words. Try `cat FILE` on the exporter's host, and look into its kernel log.",
    ),
    Reason.EMPTY: Explanation(
        "The file is empty",
        "Nothing is in the file: it was just created, or writing it failed, as on a full disk.",
        "Look at the job that writes it and at `df`. A writer should write a new file and rename it over the old one.",
    ),
    Reason.TRUNCATED: Explanation(
        "The file ends in the middle",
        "The file ends before the certificate or key store in it does: it is being written, or was copied in part.",
        "If it stays so, write the file again. A writer should write a new file and rename it over the old one.",
    ),
    Reason.MALFORMED: Explanation(
        "The file is not one of the formats",
        "The file is none of PEM, DER, PKCS#7, PKCS#12, JKS, JCEKS and kubeconfig, or it is damaged. The server that "
        "reads it will most probably not start again.",
        "The detail says what is wrong. Check with `openssl x509 -in FILE -noout -text`, or `keytool -list`.",
    ),
    Reason.UNSUPPORTED: Explanation(
        "The file is protected in an unknown way",
        "The key store is encrypted by an algorithm that the exporter does not know, or for a public key in place of "
        "a password.",
        "Export it again with current defaults: `openssl pkcs12 -export` of OpenSSL 3, or `keytool -importkeystore`.",
    ),
    Reason.TOO_LARGE: Explanation(
        "The file is too large",
        "The file is larger than 8 MiB, or holds more than 1,000 certificates. It is not read, so that no file can "
        "fill the exporter's memory.",
        "Name the file that the server uses in place of a collection, or split it.",
    ),
    Reason.TOO_EXPENSIVE: Explanation(
        "Opening the key store takes too long",
        "The iteration counts in the key store ask for seconds of computing. It is not opened, so that no file can "
        "stop the exporter.",
        "Export it again with the tool's default iterations: OpenSSL writes 2048, Java 10,000, NSS 600,000.",
    ),
    Reason.NO_CERTIFICATE: Explanation(
        "No certificate is in the file",
        "The file can be read and holds no certificate: a private key, a certificate request, or an empty key store.",
        "Narrow the pattern to certificates, as in `/etc/letsencrypt/live/*/fullchain.pem`. If the server should "
        "find one here, the job that writes it has failed.",
    ),
    Reason.PASSWORD_REQUIRED: Explanation(
        "The key store needs a password",
        "The certificates in the key store are encrypted, and no password is configured for it.",
        "Write `password_file` in the entry of `files`. Java 18 and newer can also write certificates without it.",
    ),
    Reason.WRONG_PASSWORD: Explanation(
        "The password does not open the key store",
        "The configured password is not the key store's, or the file was changed after it was written.",
        "Try it with `openssl pkcs12 -in FILE -nokeys` or `keytool -list -keystore FILE`. If the password is right, "
        "the file is damaged: take it from a backup.",
    ),
}
