//! A real Kubernetes control plane on loopback, for tests and the demo: etcd, kube-apiserver and, where a
//! test needs garbage collection or an autoscaler, kube-controller-manager.
//!
//! The programs are those in `KUBEBUILDER_ASSETS` if that is set, else the ones in the user's cache, else they
//! are built from Go modules at the versions pinned in `tools/` and cached. Nothing else is downloaded.
//!
//! There is no node: pods stay pending. Everybody who holds the token is an administrator; a test that wants
//! to be somebody else impersonates them. This crate knows nothing of the operator, and nothing released
//! depends on it.
//!
//! # One control plane for all tests of a binary
//!
//! A control plane takes some seconds to start and 350 MB, so tests share one and keep apart by namespace. Rust
//! drops no statics, which does no harm here: the programs die, and their data goes, when the test process
//! ends in whatever way (see [`ControlPlane`]).
//!
//! ```no_run
//! use envtest::ControlPlane;
//! use tokio::sync::OnceCell;
//!
//! async fn control_plane() -> &'static ControlPlane {
//!     static SHARED: OnceCell<ControlPlane> = OnceCell::const_new();
//!     SHARED.get_or_init(|| async { ControlPlane::start().await.unwrap() }).await
//! }
//!
//! # async fn example() -> anyhow::Result<()> {
//! // A client belongs to the runtime of its test, so each test makes its own.
//! let client = control_plane().await.client().await?;
//! # Ok(())
//! # }
//! ```

mod assets;
mod control_plane;
mod credentials;
mod flags;
mod folder;
mod go;
mod guarded;
mod progress;

pub use assets::Assets;
pub use control_plane::{Builder, ControlPlane};
pub use guarded::command as guarded;
