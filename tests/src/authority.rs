//! An authority of a test's own, which vouches for `localhost`.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Its certificate in a file, and a server's.
pub struct Authority {
    bundle: NamedTempFile,
    acceptor: TlsAcceptor,
}

impl Authority {
    /// A new one.
    pub fn new() -> Self {
        let mut authority = CertificateParams::new(Vec::new()).expect("no names are fine");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let authority_key = KeyPair::generate().expect("make a key");
        let root = authority.self_signed(&authority_key).expect("sign");
        let bundle = NamedTempFile::new().expect("make a file");
        std::fs::write(bundle.path(), pem(root.der())).expect("write the certificate");
        let key = KeyPair::generate().expect("make a key");
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let leaf = leaf.signed_by(&key, &Issuer::new(authority, authority_key)).expect("sign");
        let key = PrivateKeyDer::try_from(key.serialize_der()).expect("it is a key");
        let tls = ServerConfig::builder().with_no_client_auth();
        let tls = tls.with_single_cert(vec![leaf.der().clone()], key).expect("they fit");
        Self { bundle, acceptor: TlsAcceptor::from(Arc::new(tls)) }
    }

    /// What is to be trusted, in PEM.
    pub fn bundle(&self) -> &Path {
        self.bundle.path()
    }

    pub(crate) fn acceptor(&self) -> TlsAcceptor {
        self.acceptor.clone()
    }
}

impl Default for Authority {
    fn default() -> Self {
        Self::new()
    }
}

fn pem(certificate: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}
