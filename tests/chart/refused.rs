//! Values that are refused, each with a sentence that names them.

use crate::helm::refusal;

#[tokio::test]
async fn a_wrong_type_or_an_unknown_name_is_named() {
    for (values, sentence) in [
        ("replicas: two", "at '/replicas': got string, want integer"),
        ("replica: 2", "additional properties 'replica' not allowed"),
        ("settings: {pollSettled: 60}", "at '/settings': additional properties 'pollSettled' not allowed"),
        ("settings: {leaderElection: 'yes'}", "at '/settings/leaderElection': got string, want boolean"),
        ("settings: {leaseDurationSeconds: 1}", "at '/settings/leaseDurationSeconds': minimum: got 1, want 3"),
        ("settings: {shutdownGraceSeconds: 1m}", "at '/settings/shutdownGraceSeconds': got string, want integer"),
        ("settings: {awsRateScale: 0}", "at '/settings/awsRateScale': minimum: got 0, want 0.1"),
        ("settings: {logFormat: xml}", "at '/settings/logFormat': value must be one of 'json', 'text'"),
        ("settings: {listen: '8080'}", "at '/settings/listen': '8080' does not match pattern"),
        ("settings: {installationId: 'my cluster'}", "at '/settings/installationId': 'my cluster' does not match pattern"),
        ("watchNamespaces: shop", "at '/watchNamespaces': got string, want array"),
        ("watchNamespaces: [Shop]", "at '/watchNamespaces/0': 'Shop' does not match pattern"),
        ("watchNamespaces: [shop, shop]", "at '/watchNamespaces': items at 0 and 1 are equal"),
        ("image: {digest: latest}", "at '/image/digest': 'latest' does not match pattern"),
        ("image: {pullPolicy: Sometimes}", "at '/image/pullPolicy'"),
        ("serviceAccount: {annotations: {a: 1}}", "at '/serviceAccount/annotations/a': got number, want string"),
        ("extraEnv: [{value: b}]", "at '/extraEnv/0': missing property 'name'"),
        ("tracing: {endpoint: 'otel:4318'}", "at '/tracing/endpoint': 'otel:4318' does not match pattern"),
        ("tracing: {samplerArg: 25}", "at '/tracing/samplerArg': maximum: got 25, want 1"),
        ("tracing: {resourceAttributes: {env: 'a,b'}}", "at '/tracing/resourceAttributes/env': 'a,b' does not match pattern"),
        ("metrics: {serviceMonitor: true}", "at '/metrics/serviceMonitor': got boolean, want object"),
    ] {
        let said = refusal(values).await;
        assert!(said.contains(sentence), "`{values}` said: {said}");
    }
}

#[tokio::test]
async fn values_that_do_not_go_together_are_refused_with_what_to_change() {
    for (values, sentence) in [
        ("settings: {leaderElection: false}", "settings.leaderElection is off, so replicas must be 1"),
        ("settings: {pollRollingSeconds: 90}", "settings.pollRollingSeconds must not be longer than settings.pollSettledSeconds"),
        ("metrics: {service: false, serviceMonitor: {enabled: true}}", "metrics.serviceMonitor.enabled needs metrics.service"),
    ] {
        let said = refusal(values).await;
        assert!(said.contains(sentence), "`{values}` said: {said}");
    }
}
