//! Stories that users live, on a real kube-apiserver with the operator and a simulated AWS.

mod refused;
mod rollouts;
mod waiting;
mod world;
