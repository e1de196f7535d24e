//! `order=` and `orderField=` parameters.

use crate::error_info::InputError;
use crate::filter::{Direction, OrderField};

/// Reads the `order` parameters of `GET /entities`: `asc:metadata.name`.
pub fn parse_order(params: &[impl AsRef<str>]) -> Result<Vec<OrderField>, InputError> {
    params.iter().map(|param| order(param.as_ref())).collect()
}

/// Reads the `orderField` parameters of `GET /entities/by-query`: `metadata.name,asc`.
///
/// The direction may be left out; anything after a second comma is ignored, as Backstage does.
pub fn parse_order_fields(params: &[impl AsRef<str>]) -> Result<Vec<OrderField>, InputError> {
    params
        .iter()
        .map(|param| order_field(param.as_ref()))
        .collect()
}

fn order(param: &str) -> Result<OrderField, InputError> {
    let parsed = param.split_once(':').and_then(|(order, field)| {
        let usable = !field.is_empty() && !field.contains(['\n', '\r', '\u{2028}', '\u{2029}']);
        direction(order).filter(|_| usable).map(|order| OrderField {
            field: field.to_owned(),
            order,
        })
    });
    parsed.ok_or_else(|| {
        InputError::new(format!(
            "Invalid order parameter \"{param}\", expected \"<asc or desc>:<field name>\""
        ))
    })
}

fn order_field(param: &str) -> Result<OrderField, InputError> {
    let mut parts = param.split(',');
    let field = parts.next().unwrap_or_default().to_owned();
    let order = match parts.next() {
        None => Direction::Asc,
        Some(order) => direction(order)
            .ok_or_else(|| InputError::new("Invalid order field order, must be asc or desc"))?,
    };
    Ok(OrderField { field, order })
}

fn direction(text: &str) -> Option<Direction> {
    match text {
        "asc" => Some(Direction::Asc),
        "desc" => Some(Direction::Desc),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(result: Result<Vec<OrderField>, InputError>) -> Result<String, String> {
        result
            .map(|o| serde_json::to_string(&o).unwrap())
            .map_err(|error| error.message)
    }

    #[test]
    fn order_parameters() {
        assert_eq!(
            shown(parse_order(&["asc:metadata.name", "desc:a:b"])).unwrap(),
            r#"[{"field":"metadata.name","order":"asc"},{"field":"a:b","order":"desc"}]"#
        );
        // Recorded: cat-list-order-bad.
        assert_eq!(
            shown(parse_order(&["sideways:metadata.name"])).unwrap_err(),
            "Invalid order parameter \"sideways:metadata.name\", expected \"<asc or desc>:<field name>\""
        );
        for bad in ["", "asc", "asc:", "ASC:x", "asc:x\ny"] {
            parse_order(&[bad]).unwrap_err();
        }
    }

    #[test]
    fn order_field_parameters() {
        assert_eq!(
            shown(parse_order_fields(&[
                "metadata.name,desc",
                "kind",
                "a,asc,rest"
            ]))
            .unwrap(),
            r#"[{"field":"metadata.name","order":"desc"},{"field":"kind","order":"asc"},{"field":"a","order":"asc"}]"#
        );
        // Recorded: cat-q-order-bad.
        assert_eq!(
            shown(parse_order_fields(&["metadata.name,sideways"])).unwrap_err(),
            "Invalid order field order, must be asc or desc"
        );
    }
}
