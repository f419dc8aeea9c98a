//! Metric 8: what the program takes when there is nothing to do.

use crate::operator::{Flags, Operator, binary_size};
use crate::table::Row;
use crate::world::{World, fast};
use anyhow::Result;
use std::time::Duration;

/// Long enough for watches to begin and the first lists to be read.
const A_WHILE: Duration = Duration::from_secs(5);

pub(super) async fn run() -> Result<Vec<Row>> {
    let world = World::new(fast(1.0)).await?;
    let mut operator = Operator::start(&world, Flags::default()).await?;
    tokio::time::sleep(A_WHILE).await;
    operator.alive()?;
    Ok(vec![
        Row::new(8, "peak memory, idle", operator.peak_memory()?, "MB").peer(51.0).goal(15.0),
        Row::new(8, "size of the program", binary_size()?, "MB").goal(20.0),
    ])
}
