//! The sizes that Fargate has, and how people write them. ecs-semantics §1.4.

use crate::fault::ServiceError;

/// CPU units of `"256"`, `"1 vCPU"`, `".5 vcpu"`.
pub(crate) fn cpu_units(text: &str) -> Option<i64> {
    let lower = text.trim().to_ascii_lowercase();
    match lower.strip_suffix("vcpu") {
        Some(number) => scaled(number, 1024.0),
        None => lower.parse().ok(),
    }
}

/// MiB of `"512"`, `"1GB"`, `"0.5 gb"`.
pub(crate) fn mebibytes(text: &str) -> Option<i64> {
    let lower = text.trim().to_ascii_lowercase();
    match lower.strip_suffix("gb") {
        Some(number) => scaled(number, 1024.0),
        None => lower.parse().ok(),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "sizes are far below 2^53")]
fn scaled(number: &str, by: f64) -> Option<i64> {
    let number: f64 = number.trim().parse().ok()?;
    number.is_finite().then(|| (number * by).round() as i64)
}

/// Refuses a pair that is not in the table.
pub(crate) fn check_size(cpu: i64, memory: i64, is_windows: bool) -> Result<(), ServiceError> {
    let stepped = |low: i64, high: i64, step: i64| (low..=high).contains(&memory) && (memory - low) % step == 0;
    let fits = match cpu {
        256 => !is_windows && [512, 1024, 2048].contains(&memory),
        512 => !is_windows && stepped(1024, 4096, 1024),
        1024 => stepped(2048, 8192, 1024),
        2048 => stepped(4096, 16384, 1024),
        4096 => stepped(8192, 30720, 1024),
        8192 => !is_windows && stepped(16384, 61440, 4096),
        16384 => !is_windows && stepped(32768, 122_880, 8192),
        32768 => !is_windows && [61440, 122_880, 249_856].contains(&memory),
        _ => false,
    };
    if fits {
        return Ok(());
    }
    let message = format!(
        "No Fargate configuration exists for given values: {cpu} CPU, {memory} memory. See the Amazon ECS documentation for the valid values."
    );
    Err(ServiceError::client(message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_every_way_that_people_write_them() {
        for (text, units) in [("256", 256), ("1 vCPU", 1024), ("1vcpu", 1024), (".25 vCPU", 256), ("0.5 VCPU", 512)] {
            assert_eq!(cpu_units(text), Some(units), "{text}");
        }
        for (text, mib) in [("512", 512), ("1GB", 1024), ("1 GB", 1024), ("0.5 gb", 512)] {
            assert_eq!(mebibytes(text), Some(mib), "{text}");
        }
        assert_eq!(cpu_units("much"), None);
    }

    #[test]
    fn only_pairs_of_the_table_are_taken() {
        for (cpu, memory) in [(256, 512), (512, 3072), (1024, 8192), (8192, 20480), (32768, 249_856)] {
            assert!(check_size(cpu, memory, false).is_ok(), "{cpu} {memory}");
        }
        for (cpu, memory) in [(256, 768), (256, 4096), (300, 512), (8192, 18432), (32768, 65536)] {
            assert!(check_size(cpu, memory, false).is_err(), "{cpu} {memory}");
        }
        assert!(check_size(256, 512, true).is_err());
    }
}
