//! Stories that users live, on a real kube-apiserver with the operator and a simulated AWS.

mod gitops;
mod ownership;
mod refused;
mod rollouts;
mod scaling;
mod waiting;
mod world;
