//! The one network of each region: whatever id is asked for exists in it, but for those that contain `missing`.

/// The network.
pub(crate) const VPC: &str = "vpc-00000000000000001";
/// Its default security group.
pub(crate) const DEFAULT_GROUP: &str = "sg-00000000000000001";
/// What stands for "all subnets": one in each zone.
pub(crate) const SUBNETS: [&str; 3] = ["subnet-00000000000000001", "subnet-00000000000000002", "subnet-00000000000000003"];

/// Whether there is something of this id.
pub(crate) fn exists(id: &str) -> bool {
    !id.contains("missing")
}

/// The letter of a subnet's zone, by the last character of its id: `subnet-a` and `subnet-…1` are in zone a, and so on.
pub(crate) fn zone_of(subnet: &str) -> char {
    let number = match subnet.bytes().last() {
        Some(digit @ b'0'..=b'9') => digit - b'0' + 2,
        Some(letter @ b'a'..=b'z') => letter - b'a',
        _ => 0,
    };
    ['a', 'b', 'c'][usize::from(number % 3)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_is_always_in_the_same_zone() {
        assert_eq!(["subnet-a", "subnet-b", "subnet-c"].map(zone_of), ['a', 'b', 'c']);
        assert_eq!(SUBNETS.map(zone_of), ['a', 'b', 'c']);
    }
}
