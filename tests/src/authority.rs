//! An authority of a test's own, which vouches for `localhost` as Amazon's do for AWS: by a chain of three RSA keys of 2,048
//! bits, of which the first is known beforehand.

use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
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
    /// A new one. Its keys take seconds, if this is not a release.
    pub fn new() -> Self {
        let (root, middle) = (for_others(), for_others());
        let leaf = CertificateParams::new(vec!["localhost".to_owned()]).expect("a name");
        let [root_key, middle_key, leaf_key] = [(); 3].map(|()| new_key());
        let root_certificate = root.self_signed(&root_key).expect("sign");
        let root = Issuer::new(root, root_key);
        let middle_certificate = middle.signed_by(&middle_key, &root).expect("sign");
        let leaf = leaf.signed_by(&leaf_key, &Issuer::new(middle, middle_key)).expect("sign");

        let bundle = NamedTempFile::new().expect("make a file");
        std::fs::write(bundle.path(), pem(root_certificate.der())).expect("write the certificate");
        let key = PrivateKeyDer::try_from(leaf_key.serialize_der()).expect("it is a key");
        let chain = vec![leaf.der().clone(), middle_certificate.der().clone()];
        let tls = ServerConfig::builder().with_no_client_auth();
        let tls = tls.with_single_cert(chain, key).expect("they fit");
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

fn new_key() -> KeyPair {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).expect("make a key")
}

/// Of somebody who vouches for others.
fn for_others() -> CertificateParams {
    let mut certificate = CertificateParams::new(Vec::new()).expect("no names are fine");
    certificate.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    certificate
}

fn pem(certificate: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", STANDARD.encode(certificate))
}
