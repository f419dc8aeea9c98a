//! The command lines of the programs.
//!
//! Everything a client can notice stays as in a production cluster: RBAC, priority and fairness, admission. What
//! is left out needs nodes or other controllers.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context;

use crate::credentials::Credentials;

/// etcd with its data in `data`, for clients at `client`, a URL; `peer` is a URL that nobody calls.
pub(crate) fn etcd(data: &Path, client: &str, peer: &str) -> Vec<String> {
    flags(&[
        ("name", "envtest"),
        ("data-dir", &data.display().to_string()),
        ("listen-client-urls", client),
        ("advertise-client-urls", client),
        ("listen-peer-urls", peer),
        ("initial-advertise-peer-urls", peer),
        ("initial-cluster", &format!("envtest={peer}")),
        // The data does not outlive the process.
        ("unsafe-no-fsync", "true"),
        ("log-level", "warn"),
    ])
}

/// kube-apiserver on `port` of loopback.
pub(crate) fn apiserver(credentials: &Credentials, etcd: &str, port: u16) -> Vec<String> {
    let file = |path: &PathBuf| path.display().to_string();
    flags(&[
        ("etcd-servers", etcd),
        ("bind-address", "127.0.0.1"),
        ("secure-port", &port.to_string()),
        // It refuses loopback here and looks for a network interface if there is none to read; a machine need
        // not have one. The address is from a range kept for documentation, and nobody is sent to it.
        ("advertise-address", "192.0.2.1"),
        ("endpoint-reconciler-type", "none"),
        ("tls-cert-file", &file(&credentials.certificate)),
        ("tls-private-key-file", &file(&credentials.key)),
        ("token-auth-file", &file(&credentials.tokens)),
        ("authorization-mode", "RBAC"),
        ("service-account-issuer", "https://kubernetes.default.svc.cluster.local"),
        ("service-account-key-file", &file(&credentials.service_account_public_key)),
        ("service-account-signing-key-file", &file(&credentials.service_account_key)),
        ("service-cluster-ip-range", "10.0.0.0/24"),
        // It waits for service accounts that only kube-controller-manager makes.
        ("disable-admission-plugins", "ServiceAccount"),
        ("allow-privileged", "true"),
        ("profiling", "false"),
        ("etcd-count-metric-poll-period", "0"),
    ])
}

/// Makes kube-apiserver write one line of JSON for each request that it has answered into `log`.
pub(crate) fn audit(folder: &Path, log: &Path) -> anyhow::Result<Vec<String>> {
    let policy = folder.join("audit-policy.yaml");
    let text = "apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived, ResponseStarted]
rules:
- level: Metadata
";
    fs::write(&policy, text).with_context(|| format!("cannot write {}", policy.display()))?;
    Ok(flags(&[
        ("audit-policy-file", &policy.display().to_string()),
        ("audit-log-path", &log.display().to_string()),
        // Written before the reply is sent, so that who has the reply finds the line.
        ("audit-log-mode", "blocking"),
    ]))
}

/// kube-controller-manager with these controllers; `port` of loopback tells their health to everybody.
pub(crate) fn controller_manager(credentials: &Credentials, kubeconfig: &Path, port: u16, controllers: &[&str]) -> Vec<String> {
    flags(&[
        ("kubeconfig", &kubeconfig.display().to_string()),
        ("controllers", &controllers.join(",")),
        ("leader-elect", "false"),
        ("bind-address", "127.0.0.1"),
        ("secure-port", &port.to_string()),
        ("tls-cert-file", &credentials.certificate.display().to_string()),
        ("tls-private-key-file", &credentials.key.display().to_string()),
        ("service-account-private-key-file", &credentials.service_account_key.display().to_string()),
        // 15 seconds by default: too long to wait for in a test.
        ("horizontal-pod-autoscaler-sync-period", "1s"),
    ])
}

fn flags(pairs: &[(&str, &str)]) -> Vec<String> {
    pairs.iter().map(|(name, value)| format!("--{name}={value}")).collect()
}
