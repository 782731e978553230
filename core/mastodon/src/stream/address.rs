//! Where a stream is, and what it is called there.

use url::Url;

use crate::{
    client::{is_loopback, shown},
    error::Error,
    instance::Instance,
    timeline::Feed,
};

/// The addresses of one stream (`methods/streaming.md`). A token never stands in them.
#[derive(Clone, Debug)]
pub(crate) struct Addresses {
    /// By server-sent events.
    pub events: Url,
    /// By WebSocket, written as of HTTP, since it begins as a request.
    pub socket: Url,
}

const PATH: &str = "/api/v1/streaming";

impl Addresses {
    /// At the server that the instance names, or else at the instance itself.
    pub fn of(instance_at: &Url, instance: &Instance, feed: Feed) -> Result<Self, Error> {
        let base = base(instance_at, instance.streaming.as_ref().unwrap_or(instance_at))?;
        let whose = match (feed.local, feed.remote) {
            (true, false) => Some("local"),
            (false, true) => Some("remote"),
            _ => None,
        };
        let mut events = base.clone();
        let part = whose.map(|whose| format!("/{whose}")).unwrap_or_default();
        events.set_path(&format!("{}/public{part}", base.path()));
        if feed.only_media {
            events.query_pairs_mut().append_pair("only_media", "true");
        }
        let parts = ["public"].into_iter().chain(whose).chain(feed.only_media.then_some("media"));
        let mut socket = base;
        socket.query_pairs_mut().append_pair("stream", &parts.collect::<Vec<_>>().join(":"));
        Ok(Self { events, socket })
    }
}

/// The address that all streams of a server begin with.
fn base(instance: &Url, named: &Url) -> Result<Url, Error> {
    let wrong = |reason: &str| Error::Address { address: shown(named), reason: reason.into() };
    let scheme = match named.scheme() {
        "wss" | "https" => "https",
        "ws" | "http" => "http",
        _ => return Err(wrong("the instance names it for its streams, and it is none of a stream")),
    };
    let mut url = named.clone();
    url.set_scheme(scheme).map_err(|()| wrong("its scheme cannot be changed"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("the instance names it for its streams, with a user's name"));
    }
    // What runs on this machine is no matter of an instance that does not.
    if scheme == "http" && !(is_loopback(&url) && is_loopback(instance)) {
        return Err(Error::NotEncrypted(shown(named)));
    }
    url.set_query(None);
    url.set_fragment(None);
    let folder = url.path().trim_end_matches('/');
    let path = format!("{}{PATH}", folder.strip_suffix(PATH).unwrap_or(folder));
    url.set_path(&path);
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(streaming: Option<&str>, feed: Feed) -> Result<[String; 2], Error> {
        let streaming = streaming.map(|url| Url::parse(url).unwrap());
        let at = Url::parse("https://mill.example/").unwrap();
        let addresses = Addresses::of(&at, &Instance { streaming, ..Instance::default() }, feed)?;
        Ok([addresses.events.to_string(), addresses.socket.to_string()])
    }

    #[test]
    fn a_stream_is_where_the_instance_says() {
        let (all, local) = (Feed::default(), Feed { local: true, ..Feed::default() });
        let both = Feed { local: true, remote: true, only_media: true };
        let remote_media = Feed { remote: true, only_media: true, ..Feed::default() };
        for (streaming, feed, events, socket) in [
            (None, all, "https://mill.example/api/v1/streaming/public", "stream=public"),
            (
                Some("wss://s.example"),
                local,
                "https://s.example/api/v1/streaming/public/local",
                "stream=public%3Alocal",
            ),
            (
                Some("https://s.example:4000/a/api/v1/streaming/?x=1"),
                remote_media,
                "https://s.example:4000/a/api/v1/streaming/public/remote?only_media=true",
                "stream=public%3Aremote%3Amedia",
            ),
            (None, both, "https://mill.example/api/v1/streaming/public?only_media=true", "stream=public%3Amedia"),
        ] {
            let [found, at_socket] = addresses(streaming, feed).unwrap();
            assert_eq!(found, events);
            assert!(at_socket.ends_with(&format!("/api/v1/streaming?{socket}")), "{at_socket}");
        }
    }

    #[test]
    fn a_stream_that_is_not_safe_is_refused() {
        for streaming in ["ws://s.example", "http://127.0.0.1:4000", "ftp://s.example", "wss://user:secret@s.example"] {
            let error = addresses(Some(streaming), Feed::default()).unwrap_err().to_string();
            assert!(!error.contains("secret"), "{error}");
        }
        let here = Url::parse("http://127.0.0.1:3000").unwrap();
        let streaming = Some(Url::parse("ws://127.0.0.1:4000").unwrap());
        let instance = Instance { streaming, ..Instance::default() };
        let addresses = Addresses::of(&here, &instance, Feed::default()).unwrap();
        assert_eq!(addresses.events.as_str(), "http://127.0.0.1:4000/api/v1/streaming/public");
    }
}
