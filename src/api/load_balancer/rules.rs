//! What a load balancer must fulfil, as CEL with a sentence for the person who wrote it.
//!
//! Its source is the reference of the API at 2015-12-01, CreateLoadBalancer and CreateListener, where nothing else is
//! said. An application load balancer needs subnets of two zones but on Outposts and in Local Zones, so that is not here.

use crate::api::load_balancing::{DELETION_PROTECTION, HOST_CHARACTERS, IDLE_TIMEOUT, each_of, rule};
use kube::core::Rule;

const IS_OBSERVED: &str = "(has(self.managementPolicy) && self.managementPolicy == 'Observe')";
const IS_NETWORK: &str = "(has(self.type) && self.type == 'network')";
const IS_INTERNAL: &str = "(has(self.scheme) && self.scheme == 'internal')";
const TLS: &str = "self.protocol in ['HTTPS', 'TLS']";

/// A claim about each of `listeners`, as `l`.
fn each_listener(condition: &str, claim: &str, message: &str) -> Rule {
    rule(format!("!({condition}) || !has(self.listeners) || self.listeners.all(l, {claim})"), message)
}

pub(super) fn name_is_kept() -> Rule {
    rule(
        "has(self.name) == has(oldSelf.name) && (!has(self.name) || self.name == oldSelf.name)",
        "name cannot be changed: make another EcsLoadBalancer for another name",
    )
}

pub(super) fn name_fits() -> Rule {
    rule(
        "!has(self.name) || (self.name.matches('^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$') && !self.name.startsWith('internal-'))",
        "the name of a load balancer must be at most 32 letters, digits and hyphens, with no hyphen at either end, and not begin with internal-",
    )
}

pub(super) fn adoption_goes_with_adopt() -> Rule {
    rule(
        "!has(self.adoption) || (has(self.managementPolicy) && self.managementPolicy == 'Adopt')",
        "adoption goes with managementPolicy Adopt",
    )
}

pub(super) fn found_only_when_observed() -> Rule {
    rule(
        format!("{IS_OBSERVED} || !(has(self.loadBalancerArn) || has(self.selector))"),
        "loadBalancerArn and selector name a load balancer that exists: they go with managementPolicy Observe",
    )
}

pub(super) fn one_way_to_find_it() -> Rule {
    rule(
        "[has(self.name), has(self.loadBalancerArn), has(self.selector)].filter(given, given).size() <= 1",
        "set at most one of name, loadBalancerArn and selector",
    )
}

pub(super) fn arn_of_a_load_balancer() -> Rule {
    rule(
        "!has(self.loadBalancerArn) || self.loadBalancerArn.matches('^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:loadbalancer/(app|net)/[^/]+/[^/]+$')",
        "loadBalancerArn must be that of an application or network load balancer, such as arn:aws:elasticloadbalancing:eu-central-1:111122223333:loadbalancer/app/shared/0123456789abcdef",
    )
}

pub(super) fn subnets_or_mappings() -> Rule {
    rule(
        format!(
            "{IS_OBSERVED} ? !(has(self.subnets) && has(self.subnetMappings)) : has(self.subnets) != has(self.subnetMappings)"
        ),
        "set exactly one of subnets and subnetMappings",
    )
}

pub(super) fn addresses_need_network() -> Rule {
    let none = ["allocationId", "privateIPv4Address", "ipv6Address", "sourceNatIpv6Prefix"]
        .map(|field| format!("!has(m.{field})"))
        .join(" && ");
    rule(
        format!("{IS_NETWORK} || !has(self.subnetMappings) || self.subnetMappings.all(m, {none})"),
        "an application load balancer has no addresses of its own: leave them out of subnetMappings, or use type network",
    )
}

pub(super) fn addresses_fit_the_scheme() -> Rule {
    rule(
        format!(
            "!has(self.subnetMappings) || self.subnetMappings.all(m, {IS_INTERNAL} ? !has(m.allocationId) : !has(m.privateIPv4Address))"
        ),
        "in subnetMappings allocationId needs scheme internet-facing, and privateIPv4Address needs scheme internal",
    )
}

pub(super) fn members_of_application() -> Rule {
    rule(
        format!("!{IS_NETWORK} || !(has(self.customerOwnedIpv4Pool) || has(self.ipamPools) || has(self.idleTimeoutSeconds))"),
        "customerOwnedIpv4Pool, ipamPools and idleTimeoutSeconds need type application",
    )
}

pub(super) fn members_of_network() -> Rule {
    rule(format!("{IS_NETWORK} || !has(self.enablePrefixForIpv6SourceNat)"), "enablePrefixForIpv6SourceNat needs type network")
}

pub(super) fn address_type_fits() -> Rule {
    rule(
        format!(
            "!has(self.ipAddressType) || self.ipAddressType != 'dualstack-without-public-ipv4' || !({IS_NETWORK} || {IS_INTERNAL})"
        ),
        "ipAddressType dualstack-without-public-ipv4 needs type application and scheme internet-facing",
    )
}

pub(super) fn no_attribute_twice() -> Rule {
    rule(
        format!(
            "!has(self.attributes) || !self.attributes.exists(a, (has(self.idleTimeoutSeconds) && a.key == '{IDLE_TIMEOUT}') || (has(self.deletionProtection) && a.key == '{DELETION_PROTECTION}'))"
        ),
        "an attribute stands both in attributes and under a field of its own (idleTimeoutSeconds, deletionProtection): keep one of them",
    )
}

pub(super) fn application_protocols() -> Rule {
    each_listener(
        &format!("!{IS_NETWORK}"),
        "l.protocol in ['HTTP', 'HTTPS']",
        "listeners of an application load balancer have protocol HTTP or HTTPS: for others use type network",
    )
}

pub(super) fn network_protocols() -> Rule {
    each_listener(
        IS_NETWORK,
        "!(l.protocol in ['HTTP', 'HTTPS'])",
        "listeners of a network load balancer have protocol TCP, TLS, UDP, TCP_UDP, QUIC or TCP_QUIC: for HTTP and HTTPS use type application",
    )
}

pub(super) fn actions_of_network() -> Rule {
    each_listener(
        IS_NETWORK,
        "!has(l.defaultAction) || has(l.defaultAction.forward)",
        "listeners of a network load balancer only forward: use forward in defaultAction, or leave it out",
    )
}

pub(super) fn band_has_an_order() -> Rule {
    rule("self.from <= self.to", "priorityBand.from must not be above priorityBand.to")
}

pub(super) fn band_needs_application() -> Rule {
    rule(format!("!{IS_NETWORK} || !has(self.priorityBand)"), "a network load balancer has no rules: leave priorityBand out")
}

pub(super) fn hosts_need_application() -> Rule {
    rule(
        format!("!{IS_NETWORK} || !has(self.allowedRoutes) || self.allowedRoutes.all(route, !has(route.hosts))"),
        "a network load balancer sees no hosts: leave hosts out of allowedRoutes",
    )
}

pub(super) fn type_is_kept() -> Rule {
    let of = |object: &str| format!("(has({object}.type) ? {object}.type : 'application')");
    rule(
        format!("{} == {}", of("self"), of("oldSelf")),
        "type cannot be changed (unset it is application): make another EcsLoadBalancer, move the services, then delete this one",
    )
}

pub(super) fn scheme_is_kept() -> Rule {
    let of = |object: &str| format!("(has({object}.scheme) ? {object}.scheme : 'internet-facing')");
    rule(
        format!("{} == {}", of("self"), of("oldSelf")),
        "scheme cannot be changed (unset it is internet-facing): make another EcsLoadBalancer, move the services, then delete this one",
    )
}

pub(super) fn pool_is_kept() -> Rule {
    rule(
        "has(self.customerOwnedIpv4Pool) == has(oldSelf.customerOwnedIpv4Pool) && (!has(self.customerOwnedIpv4Pool) || self.customerOwnedIpv4Pool == oldSelf.customerOwnedIpv4Pool)",
        "customerOwnedIpv4Pool cannot be changed: make another EcsLoadBalancer",
    )
}

/// Source: SetSecurityGroups: not for a Network Load Balancer that was made without, nor can all be taken away.
pub(super) fn groups_of_network_are_kept() -> Rule {
    let some = |object: &str| format!("(has({object}.securityGroups) && size({object}.securityGroups) > 0)");
    rule(
        format!("!{IS_NETWORK} || {IS_OBSERVED} || {} == {}", some("self"), some("oldSelf")),
        "a network load balancer that was made with security groups keeps at least one, and one that was made without gets none: make another EcsLoadBalancer",
    )
}

/// On a listener, as those below.
pub(super) fn tls_needs_a_certificate() -> Rule {
    rule(
        format!("!({TLS}) || has(self.certificates) || (has(self.discoverCertificates) && self.discoverCertificates)"),
        "a listener with protocol HTTPS or TLS needs certificates, or discoverCertificates: true",
    )
}

pub(super) fn certificates_need_tls() -> Rule {
    rule(
        format!(
            "{TLS} || !(has(self.certificates) || has(self.sslPolicy) || (has(self.discoverCertificates) && self.discoverCertificates))"
        ),
        "certificates, discoverCertificates and sslPolicy need protocol HTTPS or TLS",
    )
}

pub(super) fn alpn_needs_tls() -> Rule {
    rule("!has(self.alpnPolicy) || size(self.alpnPolicy) == 0 || self.protocol == 'TLS'", "alpnPolicy needs protocol TLS")
}

pub(super) fn client_certificates_need_https() -> Rule {
    rule(
        "!has(self.mutualAuthentication) || self.mutualAuthentication.mode == 'off' || self.protocol == 'HTTPS'",
        "mutualAuthentication needs protocol HTTPS",
    )
}

pub(super) fn verify_needs_a_trust_store() -> Rule {
    rule(
        "self.mode == 'verify' ? has(self.trustStoreArn) : !(has(self.trustStoreArn) || has(self.ignoreClientCertificateExpiry) || has(self.advertiseTrustStoreCaNames))",
        "mode verify needs trustStoreArn; trustStoreArn, ignoreClientCertificateExpiry and advertiseTrustStoreCaNames need mode verify",
    )
}

/// On an entry of allowedRoutes, as the next.
pub(super) fn namespaces_are_names() -> Rule {
    each_of(
        "namespaces",
        "it.matches('^([a-z0-9]([a-z0-9-]*[a-z0-9])?|[a-z0-9][a-z0-9-]*[*]|[*])$')",
        "namespaces must be names, such as shop, or beginnings of names with one *, such as team-*",
    )
}

pub(super) fn allowed_hosts_are_hosts() -> Rule {
    each_of(
        "hosts",
        &format!("it.contains('.') && it.matches('^{HOST_CHARACTERS}+$')"),
        "hosts of allowedRoutes must have a dot and consist of letters, digits, hyphens, dots and the wildcards * and ?; leave them out for any host",
    )
}
