//! Where a request comes from, and the extractors that count by it.

use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::extract::{FromRef, FromRequestParts};
use http::request::Parts;
use http::{HeaderMap, HeaderName};

use super::Kind;
use crate::context::ApiContext;
use crate::problem::Problem;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The other end of a connection, as an extension.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub SocketAddr);

/// The client's address, as an extension: the peer's, or what the nearest of our own proxies saw.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(IpAddr);

/// Whoever comes another way than by a connection shares one bucket: never open.
impl Default for ClientAddress {
    fn default() -> Self {
        Self(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
    }
}

impl ClientAddress {
    /// Each of our `proxies` adds to `X-Forwarded-For` whom it heard from; what stands before that is the client's own
    /// word and counts for nothing.
    #[must_use]
    pub fn of(peer: SocketAddr, headers: &HeaderMap, proxies: usize) -> Self {
        let forwarded = || {
            let values = headers.get_all(FORWARDED_FOR).into_iter().filter_map(|value| value.to_str().ok());
            let seen: Vec<&str> = values.flat_map(|value| value.split(',')).map(str::trim).collect();
            seen.len().checked_sub(proxies).and_then(|at| address(seen[at]))
        };
        let address = if proxies == 0 { None } else { forwarded() };
        Self(address.unwrap_or(peer.ip()).to_canonical())
    }

    /// Whether it is this machine.
    #[must_use]
    pub fn is_loopback(self) -> bool {
        self.0.is_loopback()
    }

    /// What one customer has: an IPv4 address, or the first half of an IPv6 address.
    #[must_use]
    pub fn key(self) -> u128 {
        match self.0 {
            IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
            IpAddr::V6(address) => Ipv6Addr::to_bits(address) >> 64 << 64,
        }
    }
}

/// A network that holds several customers' networks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct WiderNetwork {
    pub(super) key: u128,
    /// How many times as much as one customer it may do.
    pub(super) scale: u32,
}

impl ClientAddress {
    /// The /56 and /48 of an IPv6 address: providers give such networks to one customer, who would have hundreds of /64.
    pub(super) fn wider_keys(self) -> Vec<WiderNetwork> {
        let IpAddr::V6(address) = self.0 else { return Vec::new() };
        let bits = Ipv6Addr::to_bits(address);
        // The length in the bits that are left over keeps networks of different length apart.
        let network = |length: u32, scale| WiderNetwork {
            key: (bits >> (128 - length) << (128 - length)) | u128::from(length),
            scale,
        };
        vec![network(56, 4), network(48, 16)]
    }
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.split_once(']')).map_or(text, |(address, _)| address);
    bare.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get::<Self>().copied().unwrap_or_default())
    }
}

/// Extractors that count a request by its address.
macro_rules! counted {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug)]
        pub struct $name(());

        impl<S: Send + Sync> FromRequestParts<S> for $name
        where
            ApiContext: FromRef<S>,
        {
            type Rejection = Problem;

            async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
                ApiContext::from_ref(state).rates.address(&parts.extensions, Kind::$kind).await.map(|()| Self(()))
            }
        }
    )*};
}

counted! {
    /// Leave to try a password, by address.
    LogInAttempt = LogIns;
    /// Leave to sign up, by address.
    SignUpAttempt = SignUps;
    /// Leave to try a mailed code, or to ask for one, by address.
    CodeAttempt = Codes;
    /// Leave to look at a sign-up, by address.
    RegistrationLook = Registrations;
    /// Leave to show a refresh token, by address.
    RefreshAttempt = Refreshes;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(proxies: usize, forwarded: &[&'static str]) -> String {
        let headers = forwarded.iter().map(|value| (FORWARDED_FOR, http::HeaderValue::from_static(value)));
        ClientAddress::of("[::ffff:192.0.2.9]:1".parse().expect("an address"), &headers.collect(), proxies)
            .0
            .to_string()
    }

    #[test]
    fn nobody_is_believed_but_our_own_proxies() {
        assert_eq!(of(0, &["203.0.113.1"]), "192.0.2.9");
        assert_eq!(of(1, &["203.0.113.1, 203.0.113.2"]), "203.0.113.2");
        assert_eq!(of(2, &["203.0.113.1", "203.0.113.2:80, 203.0.113.3"]), "203.0.113.2");
        assert_eq!(of(1, &["[2001:db8::1]:80"]), "2001:db8::1");
        for forwarded in [&[][..], &["unknown"], &["203.0.113.1"]] {
            assert_eq!(of(2, forwarded), "192.0.2.9", "{forwarded:?}");
        }
    }

    #[test]
    fn a_network_of_ipv6_is_one_customer() {
        let key = |text: &str| ClientAddress(text.parse().expect("an address")).key();
        assert_eq!(key("2001:db8::1"), key("2001:db8::ffff:1"));
        assert_ne!(key("2001:db8::1"), key("2001:db8:0:1::1"));
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
    }

    #[test]
    fn wider_networks_of_ipv6_are_counted_too() {
        let of = |text: &str| ClientAddress(text.parse().expect("an address"));
        let wider = |text: &str| of(text).wider_keys();
        assert_eq!(wider("2001:db8:0:1::1"), wider("2001:db8:0:2::1"), "one /56");
        assert_ne!(wider("2001:db8:0:100::1")[0], wider("2001:db8::1")[0]);
        assert_eq!(wider("2001:db8:0:100::1")[1], wider("2001:db8::1")[1], "one /48");
        let all: Vec<u128> = wider("2001:db8::1").iter().map(|it| it.key).chain([of("2001:db8::1").key()]).collect();
        assert!(all[0] != all[1] && all[1] != all[2] && all[0] != all[2], "networks of different length are apart");
        assert!(wider("192.0.2.1").is_empty());
    }
}
