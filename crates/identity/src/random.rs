//! Texts nobody can guess.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use platform::{Error, Result};

/// `N` random bytes in the alphabet of URLs.
pub(crate) fn text<const N: usize>() -> Result<String> {
    let mut bytes = [0; N];
    fill(&mut bytes)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// `N` random letters of an alphabet of at most 255.
pub(crate) fn letters<const N: usize>(alphabet: &[u8]) -> Result<String> {
    // Bytes above the last whole multiple would make some letters more likely.
    let fair = 256 - 256 % alphabet.len();
    let mut text = String::with_capacity(N);
    while text.len() < N {
        let mut bytes = [0; N];
        fill(&mut bytes)?;
        let bytes = bytes.iter().map(|byte| usize::from(*byte));
        let letters = bytes.filter(|byte| *byte < fair);
        let letters = letters.map(|byte| char::from(alphabet[byte % alphabet.len()]));
        text.extend(letters.take(N - text.len()));
    }
    Ok(text)
}

fn fill(bytes: &mut [u8]) -> Result<()> {
    SystemRandom::new()
        .fill(bytes)
        .map_err(|_| Error::internal("the system gives no random bytes"))
}
