//! What the shared shapes must fulfil, as CEL with a sentence for the person who wrote it.
//!
//! A rule stands here only if Elastic Load Balancing refuses the same input at every time and in every account. Its
//! source is the reference of the API at 2015-12-01 for the type that the rule is on, where nothing else is said.

use kube::core::Rule;

/// Characters of a host with wildcards.
pub(in crate::api) const HOST_CHARACTERS: &str = "[A-Za-z0-9*?._-]";

pub(in crate::api) fn rule(text: impl Into<String>, message: &str) -> Rule {
    Rule::new(text.into()).message(message)
}

/// A claim about each entry `it` of a list that may be unset.
pub(in crate::api) fn each_of(list: &str, claim: &str, message: &str) -> Rule {
    rule(format!("!has(self.{list}) || self.{list}.all(it, {claim})"), message)
}

pub(in crate::api) fn tags_are_not_reserved() -> Rule {
    each_of(
        "tags",
        "!it.key.lowerAscii().startsWith('aws:') && !it.key.startsWith('ecs-operator.io/')",
        "tags must not have keys that begin with aws: or ecs-operator.io/, which are reserved",
    )
}

pub(super) fn one_way_to_the_listener() -> Rule {
    rule(
        "[has(self.arn), has(self.ref), has(self.selector)].exists_one(given, given)",
        "name the listener by exactly one of arn, ref (with port) and selector (with port)",
    )
}

pub(super) fn port_names_the_listener() -> Rule {
    rule("has(self.arn) != has(self.port)", "port goes with ref and selector, which need it; an arn names the listener by itself")
}

pub(super) fn arn_of_a_listener() -> Rule {
    rule(
        "!has(self.arn) || self.arn.matches('^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:listener/(app|net)/[^/]+/[^/]+/[^/]+$')",
        "arn must be that of a listener, such as arn:aws:elasticloadbalancing:eu-central-1:111122223333:listener/app/shared/0123456789abcdef/0123456789abcdef",
    )
}

pub(in crate::api) fn arn_of_a_target_group(field: &str) -> Rule {
    rule(
        format!(
            "!has(self.{field}) || self.{field}.matches('^arn:aws[a-z-]*:elasticloadbalancing:[a-z0-9-]+:[0-9]{{12}}:targetgroup/[^/]+/[^/]+$')"
        ),
        &format!(
            "{field} must be that of a target group, such as arn:aws:elasticloadbalancing:eu-central-1:111122223333:targetgroup/web/0123456789abcdef"
        ),
    )
}

pub(super) fn matches_something() -> Rule {
    let given = ["hosts", "paths", "headers", "methods", "query", "sourceCidrs", "hostRegexes", "pathRegexes"]
        .map(|field| format!("(has(self.{field}) && size(self.{field}) > 0)"))
        .join(" || ");
    rule(
        given,
        "match needs at least one of hosts, paths, headers, methods, query, sourceCidrs, hostRegexes and pathRegexes; for every request use paths: [\"/*\"]",
    )
}

pub(super) fn hosts_or_host_regexes() -> Rule {
    rule("!has(self.hosts) || !has(self.hostRegexes)", "set hosts or hostRegexes, not both: a rule has one condition on the host")
}

pub(super) fn paths_or_path_regexes() -> Rule {
    rule("!has(self.paths) || !has(self.pathRegexes)", "set paths or pathRegexes, not both: a rule has one condition on the path")
}

pub(super) fn hosts_are_hosts() -> Rule {
    each_of(
        "hosts",
        &format!("it.contains('.') && it.matches('^{HOST_CHARACTERS}+$')"),
        "hosts must have a dot and consist of letters, digits, hyphens, dots and the wildcards * and ?, such as shop.example.com or *.example.com",
    )
}

pub(super) fn paths_are_paths() -> Rule {
    each_of(
        "paths",
        r#"it.matches('^[/*][A-Za-z0-9_.$/~"\'@:+&*?-]*$')"#,
        "paths must begin with / and consist of letters, digits, _-.$/~\"'@:+& and the wildcards * and ?, such as /cart/*; what has other characters is matched by pathRegexes",
    )
}

/// Source: the user guide of Application Load Balancers, condition types: five wildcards in a rule.
pub(super) fn wildcards_are_few() -> Rule {
    let few = |list: &str| format!("(!has(self.{list}) || self.{list}.all(it, it.matches('^[^*?]*([*?][^*?]*){{0,5}}$')))");
    rule(
        format!("{} && {}", few("hosts"), few("paths")),
        "AWS takes at most five wildcards in a rule: write hosts and paths with fewer * and ?, or use hostRegexes and pathRegexes",
    )
}

pub(super) fn methods_are_methods() -> Rule {
    each_of("methods", "it.matches('^[A-Z_-]+$')", "methods must be in capitals, such as GET")
}

pub(super) fn sources_are_cidrs() -> Rule {
    const OCTET: &str = "(25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])";
    each_of(
        "sourceCidrs",
        &format!(
            "it.matches('^({OCTET}[.]){{3}}{OCTET}/([12]?[0-9]|3[0-2])$') || \
             it.matches('^[0-9A-Fa-f.]*:[0-9A-Fa-f:.]*/([1-9]?[0-9]|1[01][0-9]|12[0-8])$')"
        ),
        "sourceCidrs must be networks such as 10.0.0.0/8 or 2001:db8::/32; one address is 192.0.2.7/32",
    )
}

/// Source: the quotas of Application Load Balancers: five condition values in a rule. Values of one condition can be split
/// over rules, conditions cannot.
pub(super) fn at_most_five_conditions() -> Rule {
    let count = [
        "(has(self.hosts) || has(self.hostRegexes) ? 1 : 0)",
        "(has(self.paths) || has(self.pathRegexes) ? 1 : 0)",
        "(has(self.headers) ? size(self.headers) : 0)",
        "(has(self.methods) ? 1 : 0)",
        "(has(self.query) ? 1 : 0)",
        "(has(self.sourceCidrs) ? 1 : 0)",
    ]
    .join(" + ");
    rule(format!("{count} <= 5"), "match has more than five conditions, and AWS takes five values in a rule: take some out")
}

pub(super) fn header_has_values() -> Rule {
    rule("has(self.values) != has(self.regexes)", "each of headers needs either values or regexes")
}

pub(super) fn header_has_a_name() -> Rule {
    rule(
        r"self.name.matches('^[A-Za-z0-9!#$%&\'*+.^_|~-]+$') && self.name.lowerAscii() != 'host'",
        "name must be that of a header other than Host, without a colon; the host is matched by hosts",
    )
}

pub(super) fn rewrites_something() -> Rule {
    rule("has(self.host) || has(self.url)", "rewrite needs host or url")
}

pub(super) fn one_action() -> Rule {
    rule(
        "[has(self.forward), has(self.redirect), has(self.fixedResponse)].exists_one(given, given)",
        "set exactly one of forward, redirect and fixedResponse",
    )
}

pub(super) fn stickiness_goes_with_forward() -> Rule {
    rule("!has(self.stickiness) || has(self.forward)", "stickiness goes with forward")
}

pub(super) fn one_target_group() -> Rule {
    rule("has(self.targetGroupRef) != has(self.targetGroupArn)", "each of forward needs either targetGroupRef or targetGroupArn")
}

pub(super) fn redirect_protocol() -> Rule {
    rule(
        "!has(self.protocol) || self.protocol in ['HTTP', 'HTTPS', '#{protocol}']",
        "protocol of redirect must be HTTP, HTTPS or #{protocol}",
    )
}

pub(super) fn redirect_port() -> Rule {
    rule(
        "!has(self.port) || self.port == '#{port}' || (self.port.matches('^[1-9][0-9]{0,4}$') && int(self.port) <= 65535)",
        "port of redirect must be a number from 1 to 65535 as text, such as \"443\", or #{port}",
    )
}

pub(super) fn redirect_path() -> Rule {
    rule("!has(self.path) || self.path.startsWith('/')", "path of redirect must begin with /, such as /#{path}")
}

pub(super) fn redirect_query() -> Rule {
    rule("!has(self.query) || !self.query.startsWith('?')", "query of redirect must not begin with ?, which is put before it")
}

pub(super) fn redirects_elsewhere() -> Rule {
    let changed = |field: &str, same: &str| format!("(has(self.{field}) && self.{field} != '{same}')");
    let any = [("protocol", "#{protocol}"), ("host", "#{host}"), ("port", "#{port}"), ("path", "/#{path}")]
        .map(|(field, same)| changed(field, same))
        .join(" || ");
    rule(any, "redirect must change at least one of protocol, host, port and path: else it leads back to itself")
}

pub(super) fn response_code() -> Rule {
    rule("self.statusCode.matches('^[245][0-9][0-9]$')", "statusCode of fixedResponse must be 2XX, 4XX or 5XX, such as \"404\"")
}

/// The smallest default of a timeout is 5 seconds, that of the interval is 30.
pub(super) fn timeout_is_below_interval() -> Rule {
    rule(
        "(has(self.timeoutSeconds) ? self.timeoutSeconds : 5) < (has(self.intervalSeconds) ? self.intervalSeconds : 30)",
        "timeoutSeconds (unset, at least 5) must be below intervalSeconds (unset, 30)",
    )
}

pub(super) fn health_check_port() -> Rule {
    rule(
        "!has(self.port) || self.port == 'traffic-port' || (self.port.matches('^[1-9][0-9]{0,4}$') && int(self.port) <= 65535)",
        "port of healthCheck must be a number from 1 to 65535 as text, such as \"8080\", or traffic-port",
    )
}

pub(super) fn health_check_path() -> Rule {
    rule("!has(self.path) || self.path.startsWith('/')", "path of healthCheck must begin with /")
}

pub(super) fn tcp_check_has_no_path() -> Rule {
    rule(
        "!has(self.protocol) || self.protocol != 'TCP' || (!has(self.path) && !has(self.matcher))",
        "a TCP health check only connects: leave path and matcher out, or use protocol HTTP or HTTPS",
    )
}

pub(super) fn health_check_is_on() -> Rule {
    rule("self", "targets of type ip and instance are always checked: leave enabled out")
}

pub(super) fn one_matcher() -> Rule {
    rule("has(self.httpCode) != has(self.grpcCode)", "matcher needs either httpCode or grpcCode")
}

pub(super) fn http_codes() -> Rule {
    rule(
        "!has(self.httpCode) || self.httpCode.matches('^[2-5][0-9]{2}(-[2-5][0-9]{2})?(,[2-5][0-9]{2}(-[2-5][0-9]{2})?)*$')",
        "httpCode must be codes from 200 to 599 such as \"200\", \"200,202\" or \"200-299\"",
    )
}

pub(super) fn grpc_codes() -> Rule {
    rule(
        "!has(self.grpcCode) || self.grpcCode.matches('^[0-9]{1,2}(-[0-9]{1,2})?(,[0-9]{1,2}(-[0-9]{1,2})?)*$')",
        "grpcCode must be codes from 0 to 99 such as \"0\", \"0,1\" or \"0-5\"",
    )
}
