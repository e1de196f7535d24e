//! Numbers of entities come out as they went in, which `serde_json` promises only with
//! `float_roundtrip`.

use serde_json::Value;

#[test]
fn numbers_are_kept_to_the_last_digit() {
    for text in ["31.245270191439438", "121.48791951161945", "5e-324", "0.1"] {
        let value: Result<Value, _> = serde_json::from_str(text);
        assert_eq!(
            value.map(|value| value.to_string()).ok().as_deref(),
            Some(text)
        );
    }
}
