//! Requests to load balancers, as the clients of a service send them.

use std::net::Ipv4Addr;

/// One request.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// DNS name of a load balancer, or ARN of a listener.
    pub to: String,
    /// Port of the listener; an ARN names its own.
    pub port: u16,
    /// The `Host` header.
    pub host: String,
    /// Method, such as `GET`.
    pub method: String,
    /// Path, such as `/cart`.
    pub path: String,
    /// What follows `?`.
    pub query: String,
    /// Other headers, in any case.
    pub headers: Vec<(String, String)>,
    /// Address of the client.
    pub source_ip: Ipv4Addr,
}

impl HttpRequest {
    /// `GET path` on port 80 of `to`, with `to` as its host; what follows `?` is the query.
    pub fn get(to: &str, path: &str) -> Self {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        Self {
            to: to.to_owned(),
            port: 80,
            host: to.to_owned(),
            method: "GET".to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            headers: Vec::new(),
            source_ip: Ipv4Addr::new(203, 0, 113, 7),
        }
    }

    /// To another port.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// With this host.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// With this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        method.clone_into(&mut self.method);
        self
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// From this client.
    #[must_use]
    pub fn from(mut self, address: Ipv4Addr) -> Self {
        self.source_ip = address;
        self
    }

    /// With the cookies that a response has set.
    #[must_use]
    pub fn with_cookies_of(mut self, response: &HttpResponse) -> Self {
        for cookie in response.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = cookie.1.split(';').next().unwrap_or_default();
            self.headers.push(("cookie".to_owned(), pair.to_owned()));
        }
        self
    }

    /// The cookies of this name.
    pub(crate) fn cookies<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let headers = self.headers.iter().filter(|(header, _)| header.eq_ignore_ascii_case("cookie"));
        let pairs = headers.flat_map(|(_, value)| value.split(';')).filter_map(|pair| pair.trim().split_once('='));
        pairs.filter(move |(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// What came back.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HttpResponse {
    /// HTTP status; 0 when nobody answered: no such name, a load balancer that is not active yet, or no listener on the port.
    pub status: u16,
    /// Id and port of the target that was asked, such as `10.0.1.7:80`.
    pub target: Option<String>,
    /// ARN of the task behind that target.
    pub task: Option<String>,
    /// ARN of the rule that decided.
    pub rule: Option<String>,
    /// ARN of the target group.
    pub target_group: Option<String>,
    /// Headers, in lower case.
    pub headers: Vec<(String, String)>,
    /// One line that says who answered.
    pub body: String,
}

impl HttpResponse {
    pub(crate) fn status(status: u16, body: &str) -> Self {
        Self { status, body: body.to_owned(), ..Self::default() }
    }

    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}
