//! Dotted paths, as people write them, and the JSON pointers they stand for.

use model::pointer;

/// `backend.listen.port` as a pointer; the empty path is the root.
pub(super) fn to_pointer(path: &str) -> String {
    let mut pointer = String::with_capacity(path.len() + 1);
    for key in path.split('.').filter(|_| !path.is_empty()) {
        pointer::push_key(&mut pointer, key);
    }
    pointer
}

/// A pointer as people write it: `backend.reading.allow[0].host`.
pub(super) fn of_pointer(pointer: &str) -> String {
    let mut path = String::with_capacity(pointer.len());
    for key in pointer::tokens(pointer) {
        if !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit()) {
            path.push('[');
            path.push_str(&key);
            path.push(']');
            continue;
        }
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(&key);
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pointers_and_paths_convert() {
        let table = [
            ("", ""),
            ("backend.listen.port", "/backend/listen/port"),
            ("proxy.endpoints./api", "/proxy/endpoints/~1api"),
        ];
        for (path, pointer) in table {
            assert_eq!(to_pointer(path), pointer);
            assert_eq!(of_pointer(pointer), path);
        }
        assert_eq!(
            of_pointer("/catalog/locations/0/target"),
            "catalog.locations[0].target"
        );
    }
}
