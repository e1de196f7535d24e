//! JSON pointers and the dotted paths people write.

/// The pointer to a child.
pub(super) fn child(parent: &str, key: &str) -> String {
    let mut pointer = String::with_capacity(parent.len() + key.len() + 1);
    pointer.push_str(parent);
    pointer.push('/');
    if key.contains(['~', '/']) {
        pointer.push_str(&key.replace('~', "~0").replace('/', "~1"));
    } else {
        pointer.push_str(key);
    }
    pointer
}

/// The keys of a pointer.
pub(super) fn keys(pointer: &str) -> impl Iterator<Item = String> + '_ {
    let rest = pointer.strip_prefix('/');
    rest.into_iter()
        .flat_map(|rest| rest.split('/'))
        .map(|key| key.replace("~1", "/").replace("~0", "~"))
}

/// `backend.listen.port` as a pointer; the empty path is the root.
pub(super) fn from_path(path: &str) -> String {
    let keys = path.split('.').filter(|_| !path.is_empty());
    keys.fold(String::new(), |pointer, key| child(&pointer, key))
}

/// A pointer as people write it: `backend.reading.allow[0].host`.
pub(super) fn to_path(pointer: &str) -> String {
    let mut path = String::with_capacity(pointer.len());
    for key in keys(pointer) {
        if key.bytes().all(|byte| byte.is_ascii_digit()) && !key.is_empty() {
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
            assert_eq!(from_path(path), pointer);
            assert_eq!(to_path(pointer), path);
        }
        assert_eq!(
            to_path("/catalog/locations/0/target"),
            "catalog.locations[0].target"
        );
    }
}
