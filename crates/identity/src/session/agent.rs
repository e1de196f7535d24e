//! What a browser calls itself, in words.

/// How browsers are known, those first whose text has the names of others in it too.
const BROWSERS: &[(&str, &str)] = &[
    ("Edg/", "Edge"),
    ("EdgA/", "Edge"),
    ("EdgiOS/", "Edge"),
    ("OPR/", "Opera"),
    ("Vivaldi/", "Vivaldi"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("FxiOS/", "Firefox"),
    ("Firefox/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("HeadlessChrome/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Version/", "Safari"),
];

/// And systems.
const SYSTEMS: &[(&str, &str)] = &[
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Linux", "Linux"),
];

/// Name and version of a browser.
pub(crate) fn browser_of(agent: &str) -> Option<String> {
    let (mark, name) = BROWSERS.iter().find(|(mark, _)| agent.contains(mark))?;
    let (_, rest) = agent.split_once(mark)?;
    let version: String = rest.chars().take_while(char::is_ascii_digit).collect();
    Some(format!("{name} {version}").trim_end().to_owned())
}

/// The system it runs on.
pub(crate) fn system_of(agent: &str) -> Option<&'static str> {
    let mut systems = SYSTEMS.iter();
    let found = systems.find(|(mark, _)| agent.contains(mark));
    found.map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_named_as_people_call_them() {
        let webkit = "AppleWebKit/537.36 (KHTML, like Gecko)";
        let cases = [
            (
                format!("Mozilla/5.0 (X11; Linux x86_64) {webkit} Chrome/141.0.0.0 Safari/537.36"),
                Some("Chrome 141"),
                Some("Linux"),
            ),
            (
                format!(
                    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) {webkit} Chrome/141.0.0.0 \
                     Safari/537.36 Edg/141.0.1"
                ),
                Some("Edge 141"),
                Some("Windows"),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 \
                 Firefox/140.0"
                    .to_owned(),
                Some("Firefox 140"),
                Some("macOS"),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1"
                    .to_owned(),
                Some("Safari 18"),
                Some("iPhone"),
            ),
            ("curl/8.5.0".to_owned(), None, None),
            (String::new(), None, None),
            ("Chrome/".to_owned(), Some("Chrome"), None),
        ];
        for (agent, browser, system) in cases {
            assert_eq!(browser_of(&agent).as_deref(), browser, "{agent}");
            assert_eq!(system_of(&agent), system, "{agent}");
        }
    }
}
