//! Where spans are sent, and which of them: read from the variables that every SDK of OpenTelemetry reads
//! (<https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/>,
//! <https://opentelemetry.io/docs/specs/otel/protocol/exporter/>). The specification lets a bad value be ignored; here it is refused,
//! since who sets one wants to see spans.

use axum::http::{HeaderName, HeaderValue, Uri};
use opentelemetry_sdk::trace::Sampler;
use percent_encoding::percent_decode_str;
use std::collections::HashMap;
use std::time::Duration;

const ENDPOINT: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
const TRACES_ENDPOINT: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
const SAMPLER: &str = "OTEL_TRACES_SAMPLER";
const SAMPLER_ARG: &str = "OTEL_TRACES_SAMPLER_ARG";
/// The specification's own.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);
/// Variables of which no value is known here, and what to do instead.
const UNKNOWN: [(&str, &str); 6] = [
    ("OTEL_EXPORTER_OTLP_COMPRESSION", "unset it: spans are sent as they are"),
    ("OTEL_EXPORTER_OTLP_TRACES_COMPRESSION", "unset it: spans are sent as they are"),
    ("OTEL_EXPORTER_OTLP_CERTIFICATE", "unset it, and name the file in SSL_CERT_FILE"),
    ("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "unset it, and name the file in SSL_CERT_FILE"),
    ("OTEL_EXPORTER_OTLP_CLIENT_KEY", "unset it, and let OTEL_EXPORTER_OTLP_HEADERS say who sends"),
    ("OTEL_EXPORTER_OTLP_TRACES_CLIENT_KEY", "unset it, and let OTEL_EXPORTER_OTLP_HEADERS say who sends"),
];

/// A collector of spans that speaks OTLP over HTTP. It has no `Debug`: headers hold secrets.
pub struct Collector {
    /// Where spans are posted.
    pub endpoint: Uri,
    /// What is sent with them, such as a token.
    pub headers: HashMap<String, String>,
    /// How long it may take to answer.
    pub timeout: Duration,
    /// Which traces are kept.
    pub sampler: Sampler,
    /// The name by which the operator is known there.
    pub service: String,
}

impl Collector {
    /// What the environment says, by `variable`. `None`: nobody wants spans.
    ///
    /// # Errors
    /// The variable whose value makes no sense, and what it takes. The values of headers are not shown.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let set = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let either = |what: &str| {
            let names = [format!("OTEL_EXPORTER_OTLP_TRACES_{what}"), format!("OTEL_EXPORTER_OTLP_{what}")];
            names.into_iter().find_map(|name| set(&name).map(|value| (name, value)))
        };
        let is_off = set("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"));
        match set("OTEL_TRACES_EXPORTER").as_deref() {
            _ if is_off => return Ok(None),
            Some("none") => return Ok(None),
            Some("otlp") | None => {}
            Some(other) => return Err(format!("OTEL_TRACES_EXPORTER: `{other}` is not spoken here; use otlp or none")),
        }
        let Some(endpoint) = endpoint(&set)? else { return Ok(None) };
        if let Some((name, protocol)) = either("PROTOCOL").filter(|(_, protocol)| protocol != "http/protobuf") {
            return Err(format!("{name}: `{protocol}` is not spoken here; use http/protobuf and the port for it, often 4318"));
        }
        for (name, instead) in UNKNOWN {
            if set(name).is_some() {
                return Err(format!("{name} is not known here; {instead}"));
            }
        }
        let headers = either("HEADERS").map(|(name, value)| headers(&name, &value)).transpose()?.unwrap_or_default();
        let timeout = either("TIMEOUT").map(|(name, value)| timeout(&name, &value)).transpose()?.unwrap_or(DEFAULT_TIMEOUT);
        let attributes = set("OTEL_RESOURCE_ATTRIBUTES").map(|value| pairs("OTEL_RESOURCE_ATTRIBUTES", &value)).transpose()?;
        let named = attributes.into_iter().flatten().find(|(key, _)| key == "service.name").map(|(_, value)| value);
        let service = set("OTEL_SERVICE_NAME").or(named).unwrap_or_else(|| env!("CARGO_PKG_NAME").to_owned());
        Ok(Some(Self { endpoint, headers, timeout, sampler: sampler(&set)?, service }))
    }
}

/// The one for traces is taken as it is, the one for everything gets the path for traces.
fn endpoint(set: &impl Fn(&str) -> Option<String>) -> Result<Option<Uri>, String> {
    let (name, value) = match (set(TRACES_ENDPOINT), set(ENDPOINT)) {
        (Some(value), _) => (TRACES_ENDPOINT, value),
        (None, Some(value)) => (ENDPOINT, format!("{}/v1/traces", value.trim_end_matches('/'))),
        (None, None) => return Ok(None),
    };
    let is_http = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some();
    let Some(uri) = value.parse().ok().filter(is_http) else {
        return Err(format!("{name}: use a URL that begins with http:// or https://, such as http://collector:4318"));
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err(format!("{name}: leave out user and password, and put a header into OTEL_EXPORTER_OTLP_HEADERS"));
    }
    Ok(Some(uri))
}

fn headers(name: &str, value: &str) -> Result<HashMap<String, String>, String> {
    let all = pairs(name, value)?;
    for (key, value) in &all {
        if HeaderName::from_bytes(key.as_bytes()).is_err() || HeaderValue::from_str(value).is_err() {
            return Err(format!("{name}: `{key}` with its value is not a header of HTTP"));
        }
    }
    Ok(all.into_iter().collect())
}

/// `key=value` separated by commas, values percent-encoded (W3C Baggage). Values are not shown: they may be secrets.
fn pairs(name: &str, value: &str) -> Result<Vec<(String, String)>, String> {
    let bad = || format!("{name}: use key=value,key=value with percent-encoded values");
    let entries = value.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries
        .map(|entry| {
            let (key, value) = entry.split_once('=').filter(|(key, _)| !key.trim().is_empty()).ok_or_else(bad)?;
            let value = percent_decode_str(value.trim()).decode_utf8().map_err(|_| bad())?;
            Ok((key.trim().to_owned(), value.into_owned()))
        })
        .collect()
}

fn timeout(name: &str, value: &str) -> Result<Duration, String> {
    match value.parse() {
        Ok(milliseconds @ 1..=600_000) => Ok(Duration::from_millis(milliseconds)),
        _ => Err(format!("{name}: use a whole number of milliseconds, 1 to 600000")),
    }
}

/// Every trace of the operator begins in it, so what a parent decided never counts.
fn sampler(set: &impl Fn(&str) -> Option<String>) -> Result<Sampler, String> {
    let ratio = || match set(SAMPLER_ARG).map(|value| value.parse::<f64>()) {
        None => Ok(1.0),
        Some(Ok(ratio)) if (0.0..=1.0).contains(&ratio) => Ok(ratio),
        Some(_) => Err(format!("{SAMPLER_ARG}: use a number from 0 to 1, the share of the traces that are kept")),
    };
    Ok(match set(SAMPLER).as_deref() {
        None | Some("always_on" | "parentbased_always_on") => Sampler::ParentBased(Box::new(Sampler::AlwaysOn)),
        Some("always_off" | "parentbased_always_off") => Sampler::AlwaysOff,
        Some("traceidratio" | "parentbased_traceidratio") => Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(ratio()?))),
        Some(other) => {
            return Err(format!(
                "{SAMPLER}: `{other}` is not known here; use always_on, always_off or traceidratio, also with parentbased_ in front"
            ));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Option<Collector>, String> {
        Collector::read(|name| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned()))
    }

    fn refused(variables: &[(&str, &str)]) -> String {
        let mut all = vec![(ENDPOINT, "http://collector:4318")];
        all.extend(variables);
        read(&all).err().unwrap_or_else(|| panic!("{variables:?} are taken"))
    }

    #[test]
    fn without_an_endpoint_nobody_wants_spans() {
        assert!(read(&[]).unwrap().is_none());
        assert!(read(&[(ENDPOINT, ""), (SAMPLER, "always_on")]).unwrap().is_none());
        for (name, value) in [("OTEL_SDK_DISABLED", "true"), ("OTEL_TRACES_EXPORTER", "none")] {
            assert!(read(&[(ENDPOINT, "http://collector:4318"), (name, value)]).unwrap().is_none(), "{name}");
        }
    }

    #[test]
    fn an_endpoint_is_enough() {
        let collector = read(&[(ENDPOINT, "https://collector:4318/")]).unwrap().unwrap();
        assert_eq!(collector.endpoint, "https://collector:4318/v1/traces");
        assert_eq!((collector.timeout, collector.service.as_str()), (Duration::from_secs(10), "ecs-operator"));
        assert!(collector.headers.is_empty());
        assert_eq!(format!("{:?}", collector.sampler), "ParentBased(AlwaysOn)");
    }

    #[test]
    fn what_is_set_for_traces_goes_before_what_is_set_for_everything() {
        let collector = read(&[
            (ENDPOINT, "http://other:4318"),
            (TRACES_ENDPOINT, "http://collector:4318/mine"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "7"),
            ("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "1500"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=1"),
            ("OTEL_EXPORTER_OTLP_TRACES_HEADERS", "authorization=Bearer%20abc, x-tenant = shop"),
        ]);
        let collector = collector.unwrap().unwrap();
        assert_eq!(collector.endpoint, "http://collector:4318/mine");
        assert_eq!(collector.timeout, Duration::from_millis(1500));
        let headers = [("authorization", "Bearer abc"), ("x-tenant", "shop")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!(collector.headers, headers.into());
    }

    #[test]
    fn the_name_of_the_service_is_the_one_that_is_set_for_it() {
        let endpoint = (ENDPOINT, "http://collector:4318");
        let attributes = ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=prod,service.name=ecs%20prod");
        assert_eq!(read(&[endpoint, attributes]).unwrap().unwrap().service, "ecs prod");
        assert_eq!(read(&[endpoint, attributes, ("OTEL_SERVICE_NAME", "mine")]).unwrap().unwrap().service, "mine");
    }

    #[test]
    fn a_share_of_the_traces_can_be_kept() {
        let collector = read(&[(ENDPOINT, "http://collector:4318"), (SAMPLER, "traceidratio"), (SAMPLER_ARG, "0.25")]);
        assert_eq!(format!("{:?}", collector.unwrap().unwrap().sampler), "ParentBased(TraceIdRatioBased(0.25))");
    }

    #[test]
    fn a_bad_value_is_refused_with_the_variable_and_what_it_takes() {
        for (name, value, sentence) in [
            (ENDPOINT, "collector:4318", "use a URL that begins with http:// or https://"),
            (ENDPOINT, "grpc://collector:4317", "http:// or https://"),
            (TRACES_ENDPOINT, "http://user:secret@collector", "OTEL_EXPORTER_OTLP_HEADERS"),
            (TRACES_ENDPOINT, "http://a b", "use a URL"),
            ("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "use http/protobuf and the port for it"),
            ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "milliseconds"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "secret", "key=value"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a b=secret", "`a b` with its value is not a header"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "a=%00secret", "`a` with its value is not a header"),
            ("OTEL_EXPORTER_OTLP_CERTIFICATE", "/ca.pem", "SSL_CERT_FILE"),
            ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip", "unset it"),
            ("OTEL_RESOURCE_ATTRIBUTES", "prod", "key=value"),
            (SAMPLER, "xray", "use always_on, always_off or traceidratio"),
        ] {
            let said = read(&[(ENDPOINT, "http://c:1"), (name, value)].into_iter().rev().collect::<Vec<_>>()).err();
            let said = said.unwrap_or_else(|| panic!("{name}={value} is taken"));
            assert!(said.starts_with(name) && said.contains(sentence) && !said.contains("secret"), "{said}");
        }
        let said = refused(&[(SAMPLER, "traceidratio"), (SAMPLER_ARG, "25")]);
        assert!(said.starts_with(SAMPLER_ARG) && said.contains("from 0 to 1"), "{said}");
    }
}
