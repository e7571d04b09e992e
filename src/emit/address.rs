//! Where a webhook may never go: link-local and metadata addresses, by number or by name.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

/// Metadata services of cloud providers that are not link-local: Alibaba, Oracle, Azure.
const METADATA_V4: [Ipv4Addr; 3] =
    [Ipv4Addr::new(100, 100, 100, 200), Ipv4Addr::new(192, 0, 0, 192), Ipv4Addr::new(168, 63, 129, 16)];
/// The same: Amazon, Google.
const METADATA_V6: [Ipv6Addr; 2] = [
    Ipv6Addr::new(0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x0254),
    Ipv6Addr::new(0xfd20, 0x00ce, 0, 0, 0, 0, 0, 0x0254),
];

/// A name that stands only for addresses a webhook may not go to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is a link-local or metadata address, where a webhook may not go")]
pub struct Forbidden(pub String);

/// Whether a webhook may not go there.
#[must_use]
pub fn is_forbidden(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            address.is_link_local()
                || address.is_unspecified()
                || address.is_broadcast()
                || address.is_multicast()
                || METADATA_V4.contains(&address)
        }
        IpAddr::V6(address) => {
            address.is_unicast_link_local()
                || address.is_unspecified()
                || address.is_multicast()
                || METADATA_V6.contains(&address)
                || embedded(address).is_some_and(|address| is_forbidden(IpAddr::V4(address)))
        }
    }
}

/// The IPv4 address that an IPv6 one leads to: mapped or compatible (RFC 4291), NAT64 (RFC 6052, 8215), 6to4 (RFC 3056).
fn embedded(address: Ipv6Addr) -> Option<Ipv4Addr> {
    let of = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        Some(Ipv4Addr::new(a, b, c, d))
    };
    match address.segments() {
        // Not loopback, `::1`.
        [0, 0, 0, 0, 0, 0, 0, 0..=1] => None,
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x64, 0xff9b, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => of(high, low),
        _ => None,
    }
}

/// Resolves names by the system and leaves out forbidden addresses, so that a name can't lead to one.
#[derive(Clone, Copy, Debug, Default)]
pub struct GuardedResolver {
    /// No address is forbidden.
    pub allow_link_local: bool,
}

impl Service<Name> for GuardedResolver {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = std::io::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let Self { allow_link_local } = *self;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            let left = if allow_link_local {
                found
            } else {
                allowed(name.as_str(), found).map_err(std::io::Error::other)?
            };
            Ok(left.into_iter())
        })
    }
}

/// Those of a name's addresses that a webhook may go to.
fn allowed(name: &str, mut found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Forbidden> {
    let were_any = !found.is_empty();
    found.retain(|address| !is_forbidden(address.ip()));
    if were_any && found.is_empty() { Err(Forbidden(name.to_owned())) } else { Ok(found) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn link_local_and_metadata_addresses_are_forbidden_and_loopback_is_not() {
        for address in [
            "169.254.169.254",
            "fe80::1",
            "::ffff:169.254.169.254",
            "fd00:ec2::254",
            "100.100.100.200",
            "0.0.0.0",
            "fd20:ce::254",
            "168.63.129.16",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(is_forbidden(address.parse().unwrap()), "{address}");
        }
        for address in
            ["127.0.0.1", "::1", "10.0.0.7", "192.168.1.1", "8.8.8.8", "64:ff9b::8.8.8.8", "fd00::1"]
        {
            assert!(!is_forbidden(address.parse().unwrap()), "{address}");
        }
    }

    #[test]
    fn of_a_name_only_allowed_addresses_are_tried_and_one_with_none_is_refused() {
        let [good, bad] = ["10.0.0.7:0", "169.254.169.254:0"].map(|text| text.parse().unwrap());
        assert_eq!(allowed("both", vec![bad, good]), Ok(vec![good]));
        assert_eq!(allowed("metadata", vec![bad]), Err(Forbidden("metadata".to_owned())));
        assert_eq!(allowed("none", Vec::new()), Ok(Vec::new()));
    }
}
