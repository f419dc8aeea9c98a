//! Keys, certificates and the token of one control plane, and the kubeconfig made of them.
//!
//! They are made here rather than by kube-apiserver, so that the kubeconfig is known before it starts and stays
//! valid when it is started again. They protect loopback on a developer's machine and nothing else.

use std::fs::{self, File};
use std::io::Write;
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::Context;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, SanType};

/// Files that kube-apiserver is pointed at, and the token of the administrator.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
    pub(crate) service_account_key: PathBuf,
    pub(crate) service_account_public_key: PathBuf,
    pub(crate) tokens: PathBuf,
    pub(crate) token: String,
    authority: String,
}

impl Credentials {
    /// Make new ones in `folder`.
    pub(crate) fn make(folder: &Path) -> anyhow::Result<Self> {
        let authority_key = KeyPair::generate()?;
        let mut authority = named("envtest authority");
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let authority_pem = authority.self_signed(&authority_key)?.pem();
        let issuer = Issuer::new(authority, authority_key);

        let key = KeyPair::generate()?;
        let mut server = named("kube-apiserver");
        server.subject_alt_names =
            vec![SanType::IpAddress(Ipv4Addr::LOCALHOST.into()), SanType::DnsName("localhost".try_into()?)];
        let certificate = server.signed_by(&key, &issuer)?.pem();

        let service_account = KeyPair::generate()?;
        let token = format!("{:032x}", rand::random::<u128>());
        Ok(Self {
            certificate: write(folder, "apiserver.crt", &certificate)?,
            key: write(folder, "apiserver.key", &key.serialize_pem())?,
            service_account_key: write(folder, "service-account.key", &service_account.serialize_pem())?,
            service_account_public_key: write(folder, "service-account.pub", &service_account.public_key_pem())?,
            tokens: write(folder, "tokens.csv", &format!("{token},admin,admin,system:masters\n"))?,
            token,
            authority: authority_pem,
        })
    }

    /// Write the kubeconfig of the administrator for a server at `url`.
    pub(crate) fn kubeconfig(&self, folder: &Path, url: &str) -> anyhow::Result<PathBuf> {
        let authority = STANDARD.encode(&self.authority);
        let text = format!(
            "apiVersion: v1
kind: Config
clusters:
- name: envtest
  cluster:
    server: {url}
    certificate-authority-data: {authority}
users:
- name: admin
  user:
    token: {}
contexts:
- name: envtest
  context:
    cluster: envtest
    user: admin
current-context: envtest
",
            self.token
        );
        write(folder, "kubeconfig", &text)
    }
}

fn named(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters
}

/// Write a file that only its owner may read.
fn write(folder: &Path, name: &str, text: &str) -> anyhow::Result<PathBuf> {
    let file = folder.join(name);
    // The mode counts only for a new file.
    let _ = fs::remove_file(&file);
    File::options()
        .create_new(true)
        .write(true)
        .mode(0o600)
        .open(&file)
        .and_then(|mut it| it.write_all(text.as_bytes()))
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(file)
}
