//! Reads several things in one call, and apart where one of them makes the call fail for all.

use super::followed::Reading;
use crate::aws::error::{AwsError, Kind};

/// What one read says, and whether it makes reads fail for others.
pub(super) type Apart<V> = (Reading<V>, bool);

/// Reads what `keys` name. AWS refuses the whole call where it does not know one of them, so what is refused is read in
/// halves until the one is found: of twenty, one costs nine calls, once.
pub(super) async fn apart<K, V, F>(keys: Vec<K>, read: impl Fn(Vec<K>) -> F, is_of: impl Fn(&V, &K) -> bool) -> Vec<(K, Apart<V>)>
where
    K: Clone,
    F: Future<Output = Result<Vec<V>, AwsError>>,
{
    let mut readings = Vec::new();
    let mut left = vec![keys];
    while let Some(mut keys) = left.pop() {
        match read(keys.clone()).await {
            Ok(mut found) => readings.extend(keys.into_iter().map(|key| {
                let at = found.iter().position(|value| is_of(value, &key));
                // What AWS says nothing about, it does not know.
                let reading = at.map_or(Reading::Missing, |at| Reading::Found(found.swap_remove(at)));
                (key, (reading, false))
            })),
            Err(e) if keys.len() > 1 && (e.is_load_balancing_gone() || e.kind == Kind::Invalid) => {
                left.push(keys.split_off(keys.len() / 2));
                left.push(keys);
            }
            Err(e) => {
                let is_about_it = e.is_load_balancing_gone() || e.kind == Kind::Invalid;
                let reading = || if e.is_load_balancing_gone() { Reading::Missing } else { Reading::Failed(e.clone()) };
                readings.extend(keys.into_iter().map(|key| (key, (reading(), is_about_it))));
            }
        }
    }
    readings
}
