//! Where a redirect leads.

use crate::ecs::input::Input;
use crate::elb::objects::Listener;
use crate::traffic::HttpRequest;

/// The `Location`, with what `#{…}` stands for filled in.
pub(super) fn location(config: Input<'_>, listener: &Listener, request: &HttpRequest) -> String {
    let port = listener.port.to_string();
    let host = request.host.split(':').next().unwrap_or_default();
    let filled = |member: &str| {
        let text = config.text(member).unwrap_or_default();
        let text = text.replace("#{protocol}", &listener.protocol).replace("#{port}", &port).replace("#{host}", host);
        text.replace("#{path}", request.path.trim_start_matches('/')).replace("#{query}", &request.query)
    };
    let (protocol, query) = (filled("Protocol").to_lowercase(), filled("Query"));
    let base = format!("{protocol}://{}:{}{}", filled("Host"), filled("Port"), filled("Path"));
    if query.is_empty() { base } else { format!("{base}?{query}") }
}
