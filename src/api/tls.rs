//! Trust: the platform's certificates, or a built-in list where the platform has none.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, ring};
use rustls::{ClientConfig, ConfigBuilder, Error, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;

/// TLS settings. `platform` asks for the platform's certificates, which takes time to load.
pub(super) fn config(platform: bool) -> Result<ClientConfig, Error> {
    let verified = if platform { builder()?.with_platform_verifier().ok() } else { None };
    let mut config = match verified {
        Some(verified) => verified.with_no_client_auth(),
        None => builder()?.with_root_certificates(built_in()).with_no_client_auth(),
    };
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

fn builder() -> Result<ConfigBuilder<ClientConfig, WantsVerifier>, Error> {
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()
}

fn built_in() -> RootCertStore {
    RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trusts_something_either_way() {
        for platform in [true, false] {
            assert_eq!(config(platform).unwrap().alpn_protocols.len(), 2);
        }
        assert!(!built_in().is_empty());
    }
}
