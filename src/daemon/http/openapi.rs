//! The description of all that is served, for programs that call it.

use axum::http::header;
use axum::response::{IntoResponse, Response};

use super::failure::Refused;
use super::parameters::{Nothing, Parameters};

/// Where it is.
pub(super) const PATH: &str = "/openapi.json";

const DESCRIPTION: &str = include_str!("openapi.json");

/// `GET /openapi.json`.
pub(super) async fn openapi(parameters: Result<Parameters<Nothing>, Refused>) -> Result<Response, Refused> {
    parameters?;
    Ok(([(header::CONTENT_TYPE, "application/json")], DESCRIPTION).into_response())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::super::routes;
    use super::*;

    #[test]
    fn every_route_that_is_served_is_described_and_the_other_way_round() {
        let description: Value = serde_json::from_str(DESCRIPTION).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in description["paths"].as_object().unwrap() {
            for method in methods.as_object().unwrap().keys() {
                described.insert((method.to_uppercase(), path.clone()));
            }
        }
        let served: BTreeSet<_> =
            routes().into_iter().map(|(method, path, _)| (method.to_string(), path.to_owned())).collect();
        assert_eq!(served, described);
        assert_eq!(description["info"]["version"], env!("CARGO_PKG_VERSION"));
    }
}
