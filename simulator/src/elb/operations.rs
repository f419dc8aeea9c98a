//! The operations and the members of their inputs, from AWS's public service model.

use super::shapes::Shape::{self, Flag, Length, List, Map, Number, Struct, Text, Word};
use crate::fault::ServiceError;

/// A member of a structure.
#[derive(Debug)]
pub(crate) struct Member {
    pub(crate) name: &'static str,
    pub(crate) shape: &'static Shape,
    pub(crate) required: bool,
}

/// A member that may be left out. A macro, as calls of functions make no constants to point at.
macro_rules! may {
    ($name:literal, $shape:expr $(,)?) => {
        Member { name: $name, shape: $shape, required: false }
    };
}

/// A member that must be given.
macro_rules! must {
    ($name:literal, $shape:expr $(,)?) => {
        Member { name: $name, shape: $shape, required: true }
    };
}

const PROTOCOL: Shape = Word(&["HTTP", "HTTPS", "TCP", "TLS", "UDP", "TCP_UDP", "GENEVE", "QUIC", "TCP_QUIC"]);
const ADDRESSES: Shape = Word(&["ipv4", "dualstack", "dualstack-without-public-ipv4"]);
const SWITCH: Shape = Word(&["on", "off"]);
const PORT: Shape = Number(1, 65_535);
const PRIORITY: Shape = Number(1, 50_000);
const WHOLE: Shape = Number(i64::MIN, i64::MAX);
const TEXTS: Shape = List(&Text);
const MARKER: Member = may!("Marker", &Text);
const PAGE_SIZE: Member = may!("PageSize", &Number(1, 400));

const TAG: &[Member] = &[must!("Key", &Length(1, 128)), may!("Value", &Length(0, 256))];
const TAGS: Shape = List(&Struct(TAG));
const ATTRIBUTES: Shape = List(&Struct(&[may!("Key", &Length(0, 256)), may!("Value", &Text)]));
const CERTIFICATES: Shape = List(&Struct(&[may!("CertificateArn", &Text), may!("IsDefault", &Flag)]));
const SUBNET_MAPPINGS: Shape = List(&Struct(&[
    may!("SubnetId", &Text),
    may!("AllocationId", &Text),
    may!("PrivateIPv4Address", &Text),
    may!("IPv6Address", &Text),
    may!("SourceNatIpv6Prefix", &Text),
]));
const IPAM_POOLS: Shape = Struct(&[may!("Ipv4IpamPoolId", &Text)]);
const UNAUTHENTICATED: Shape = Word(&["deny", "allow", "authenticate"]);

const OIDC: Shape = Struct(&[
    must!("Issuer", &Text),
    must!("AuthorizationEndpoint", &Text),
    must!("TokenEndpoint", &Text),
    must!("UserInfoEndpoint", &Text),
    must!("ClientId", &Text),
    may!("ClientSecret", &Text),
    may!("SessionCookieName", &Text),
    may!("Scope", &Text),
    may!("SessionTimeout", &WHOLE),
    may!("AuthenticationRequestExtraParams", &Map),
    may!("OnUnauthenticatedRequest", &UNAUTHENTICATED),
    may!("UseExistingClientSecret", &Flag),
]);
const COGNITO: Shape = Struct(&[
    must!("UserPoolArn", &Text),
    must!("UserPoolClientId", &Text),
    must!("UserPoolDomain", &Text),
    may!("SessionCookieName", &Text),
    may!("Scope", &Text),
    may!("SessionTimeout", &WHOLE),
    may!("AuthenticationRequestExtraParams", &Map),
    may!("OnUnauthenticatedRequest", &UNAUTHENTICATED),
]);
const CLAIM: Shape = Struct(&[
    must!("Format", &Word(&["single-string", "string-array", "space-separated-values"])),
    must!("Name", &Text),
    must!("Values", &TEXTS),
]);
const JWT: Shape = Struct(&[must!("JwksEndpoint", &Text), must!("Issuer", &Text), may!("AdditionalClaims", &List(&CLAIM))]);
const REDIRECT: Shape = Struct(&[
    may!("Protocol", &Text),
    may!("Port", &Text),
    may!("Host", &Length(1, 128)),
    may!("Path", &Length(1, 128)),
    may!("Query", &Length(0, 128)),
    must!("StatusCode", &Word(&["HTTP_301", "HTTP_302"])),
]);
const FIXED_RESPONSE: Shape =
    Struct(&[may!("MessageBody", &Length(0, 1024)), must!("StatusCode", &Text), may!("ContentType", &Length(0, 32))]);
const FORWARD: Shape = Struct(&[
    may!("TargetGroups", &List(&Struct(&[may!("TargetGroupArn", &Text), may!("Weight", &WHOLE)]))),
    may!("TargetGroupStickinessConfig", &Struct(&[may!("Enabled", &Flag), may!("DurationSeconds", &WHOLE)])),
]);
const ACTIONS: Shape = List(&Struct(&[
    must!(
        "Type",
        &Word(&["forward", "authenticate-oidc", "authenticate-cognito", "redirect", "fixed-response", "jwt-validation"]),
    ),
    may!("TargetGroupArn", &Text),
    may!("AuthenticateOidcConfig", &OIDC),
    may!("AuthenticateCognitoConfig", &COGNITO),
    may!("Order", &PRIORITY),
    may!("RedirectConfig", &REDIRECT),
    may!("FixedResponseConfig", &FIXED_RESPONSE),
    may!("ForwardConfig", &FORWARD),
    may!("JwtValidationConfig", &JWT),
]));
const PATTERNS: Shape = Struct(&[may!("Values", &TEXTS), may!("RegexValues", &TEXTS)]);
const CONDITIONS: Shape = List(&Struct(&[
    may!("Field", &Length(0, 64)),
    may!("Values", &TEXTS),
    may!("HostHeaderConfig", &PATTERNS),
    may!("PathPatternConfig", &PATTERNS),
    may!("HttpHeaderConfig", &Struct(&[may!("HttpHeaderName", &Text), may!("Values", &TEXTS), may!("RegexValues", &TEXTS)])),
    may!("QueryStringConfig", &Struct(&[may!("Values", &List(&Struct(&[may!("Key", &Text), may!("Value", &Text)])))])),
    may!("HttpRequestMethodConfig", &Struct(&[may!("Values", &TEXTS)])),
    may!("SourceIpConfig", &Struct(&[may!("Values", &TEXTS)])),
    may!("RegexValues", &TEXTS),
]));
const REWRITES: Shape = Struct(&[may!("Rewrites", &List(&Struct(&[must!("Regex", &Text), must!("Replace", &Text)])))]);
const TRANSFORMS: Shape = List(&Struct(&[
    must!("Type", &Word(&["host-header-rewrite", "url-rewrite"])),
    may!("HostHeaderRewriteConfig", &REWRITES),
    may!("UrlRewriteConfig", &REWRITES),
]));
const MUTUAL: Shape = Struct(&[
    may!("Mode", &Text),
    may!("TrustStoreArn", &Text),
    may!("IgnoreClientCertificateExpiry", &Flag),
    may!("TrustStoreAssociationStatus", &Word(&["active", "removed"])),
    may!("AdvertiseTrustStoreCaNames", &SWITCH),
]);
const MATCHER: Shape = Struct(&[may!("HttpCode", &Text), may!("GrpcCode", &Text)]);
const TARGETS: Shape = List(&Struct(&[
    must!("Id", &Text),
    may!("Port", &PORT),
    may!("AvailabilityZone", &Text),
    may!("QuicServerId", &Length(1, 256)),
]));

/// The members of an operation's input.
pub(crate) fn members(operation: &str) -> Result<&'static [Member], ServiceError> {
    let known = balancers(operation).or_else(|| listeners(operation)).or_else(|| rules(operation)).or_else(|| groups(operation));
    known
        .or_else(|| others(operation))
        .ok_or_else(|| ServiceError::new("InvalidAction", format!("Could not find operation {operation} for version 2015-12-01")))
}

fn balancers(operation: &str) -> Option<&'static [Member]> {
    Some(match operation {
        "CreateLoadBalancer" => &[
            must!("Name", &Text),
            may!("Subnets", &TEXTS),
            may!("SubnetMappings", &SUBNET_MAPPINGS),
            may!("SecurityGroups", &TEXTS),
            may!("Scheme", &Word(&["internet-facing", "internal"])),
            may!("Tags", &TAGS),
            may!("Type", &Word(&["application", "network", "gateway"])),
            may!("IpAddressType", &ADDRESSES),
            may!("CustomerOwnedIpv4Pool", &Text),
            may!("EnablePrefixForIpv6SourceNat", &SWITCH),
            may!("IpamPools", &IPAM_POOLS),
        ],
        "DescribeLoadBalancers" => &[may!("LoadBalancerArns", &TEXTS), may!("Names", &TEXTS), MARKER, PAGE_SIZE],
        "DeleteLoadBalancer" | "DescribeLoadBalancerAttributes" => &[must!("LoadBalancerArn", &Text)],
        "ModifyLoadBalancerAttributes" => &[must!("LoadBalancerArn", &Text), must!("Attributes", &ATTRIBUTES)],
        "SetSubnets" => &[
            must!("LoadBalancerArn", &Text),
            may!("Subnets", &TEXTS),
            may!("SubnetMappings", &SUBNET_MAPPINGS),
            may!("IpAddressType", &ADDRESSES),
            may!("EnablePrefixForIpv6SourceNat", &SWITCH),
        ],
        "SetSecurityGroups" => &[
            must!("LoadBalancerArn", &Text),
            must!("SecurityGroups", &TEXTS),
            may!("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic", &SWITCH),
        ],
        "SetIpAddressType" => &[must!("LoadBalancerArn", &Text), must!("IpAddressType", &ADDRESSES)],
        _ => return None,
    })
}

fn listeners(operation: &str) -> Option<&'static [Member]> {
    Some(match operation {
        "CreateListener" => &[
            must!("LoadBalancerArn", &Text),
            may!("Protocol", &PROTOCOL),
            may!("Port", &PORT),
            may!("SslPolicy", &Text),
            may!("Certificates", &CERTIFICATES),
            must!("DefaultActions", &ACTIONS),
            may!("AlpnPolicy", &TEXTS),
            may!("Tags", &TAGS),
            may!("MutualAuthentication", &MUTUAL),
        ],
        "ModifyListener" => &[
            must!("ListenerArn", &Text),
            may!("Protocol", &PROTOCOL),
            may!("Port", &PORT),
            may!("SslPolicy", &Text),
            may!("Certificates", &CERTIFICATES),
            may!("DefaultActions", &ACTIONS),
            may!("AlpnPolicy", &TEXTS),
            may!("MutualAuthentication", &MUTUAL),
        ],
        "DescribeListeners" => &[may!("LoadBalancerArn", &Text), may!("ListenerArns", &TEXTS), MARKER, PAGE_SIZE],
        "DeleteListener" | "DescribeListenerAttributes" => &[must!("ListenerArn", &Text)],
        "ModifyListenerAttributes" => &[must!("ListenerArn", &Text), must!("Attributes", &ATTRIBUTES)],
        "DescribeListenerCertificates" => &[must!("ListenerArn", &Text), MARKER, PAGE_SIZE],
        "AddListenerCertificates" | "RemoveListenerCertificates" => {
            &[must!("ListenerArn", &Text), must!("Certificates", &CERTIFICATES)]
        }
        _ => return None,
    })
}

fn rules(operation: &str) -> Option<&'static [Member]> {
    Some(match operation {
        "CreateRule" => &[
            must!("ListenerArn", &Text),
            must!("Conditions", &CONDITIONS),
            must!("Priority", &PRIORITY),
            must!("Actions", &ACTIONS),
            may!("Tags", &TAGS),
            may!("Transforms", &TRANSFORMS),
        ],
        "ModifyRule" => &[
            must!("RuleArn", &Text),
            may!("Conditions", &CONDITIONS),
            may!("Actions", &ACTIONS),
            may!("Transforms", &TRANSFORMS),
            may!("ResetTransforms", &Flag),
        ],
        "DescribeRules" => &[may!("ListenerArn", &Text), may!("RuleArns", &TEXTS), MARKER, PAGE_SIZE],
        "DeleteRule" => &[must!("RuleArn", &Text)],
        "SetRulePriorities" => &[must!("RulePriorities", &List(&Struct(&[may!("RuleArn", &Text), may!("Priority", &PRIORITY)])))],
        _ => return None,
    })
}

fn groups(operation: &str) -> Option<&'static [Member]> {
    Some(match operation {
        "CreateTargetGroup" => &[
            must!("Name", &Text),
            may!("Protocol", &PROTOCOL),
            may!("ProtocolVersion", &Text),
            may!("Port", &PORT),
            may!("VpcId", &Text),
            may!("HealthCheckProtocol", &PROTOCOL),
            may!("HealthCheckPort", &Text),
            may!("HealthCheckEnabled", &Flag),
            may!("HealthCheckPath", &Length(1, 1024)),
            may!("HealthCheckIntervalSeconds", &Number(5, 300)),
            may!("HealthCheckTimeoutSeconds", &Number(2, 120)),
            may!("HealthyThresholdCount", &Number(2, 10)),
            may!("UnhealthyThresholdCount", &Number(2, 10)),
            may!("Matcher", &MATCHER),
            may!("TargetType", &Word(&["instance", "ip", "lambda", "alb"])),
            may!("Tags", &TAGS),
            may!("IpAddressType", &Word(&["ipv4", "ipv6"])),
            may!("TargetControlPort", &PORT),
        ],
        "ModifyTargetGroup" => &[
            must!("TargetGroupArn", &Text),
            may!("HealthCheckProtocol", &PROTOCOL),
            may!("HealthCheckPort", &Text),
            may!("HealthCheckPath", &Length(1, 1024)),
            may!("HealthCheckEnabled", &Flag),
            may!("HealthCheckIntervalSeconds", &Number(5, 300)),
            may!("HealthCheckTimeoutSeconds", &Number(2, 120)),
            may!("HealthyThresholdCount", &Number(2, 10)),
            may!("UnhealthyThresholdCount", &Number(2, 10)),
            may!("Matcher", &MATCHER),
        ],
        "DescribeTargetGroups" => {
            &[may!("LoadBalancerArn", &Text), may!("TargetGroupArns", &TEXTS), may!("Names", &TEXTS), MARKER, PAGE_SIZE]
        }
        "DeleteTargetGroup" | "DescribeTargetGroupAttributes" => &[must!("TargetGroupArn", &Text)],
        "ModifyTargetGroupAttributes" => &[must!("TargetGroupArn", &Text), must!("Attributes", &ATTRIBUTES)],
        "RegisterTargets" | "DeregisterTargets" => &[must!("TargetGroupArn", &Text), must!("Targets", &TARGETS)],
        "DescribeTargetHealth" => &[
            must!("TargetGroupArn", &Text),
            may!("Targets", &TARGETS),
            may!("Include", &List(&Word(&["AnomalyDetection", "All"]))),
        ],
        _ => return None,
    })
}

fn others(operation: &str) -> Option<&'static [Member]> {
    Some(match operation {
        "AddTags" => &[must!("ResourceArns", &TEXTS), must!("Tags", &TAGS)],
        "RemoveTags" => &[must!("ResourceArns", &TEXTS), must!("TagKeys", &List(&Length(1, 128)))],
        "DescribeTags" => &[must!("ResourceArns", &TEXTS)],
        "DescribeAccountLimits" => &[MARKER, PAGE_SIZE],
        "DescribeSSLPolicies" => {
            &[may!("Names", &TEXTS), MARKER, PAGE_SIZE, may!("LoadBalancerType", &Word(&["application", "network", "gateway"]))]
        }
        _ => return None,
    })
}
