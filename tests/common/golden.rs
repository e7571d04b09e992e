//! Texts held against golden files.

use std::fs;
use std::path::Path;

/// Holds a text to the golden file of a path under `tests`, or writes that anew where `GUANXI_BLESS` is set.
pub(crate) fn golden(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(path);
    if std::env::var_os("GUANXI_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    if expected == text {
        return;
    }
    let lines = expected.lines().map(Some).chain(std::iter::repeat(None));
    let found = text.lines().map(Some).chain(std::iter::repeat(None));
    let first = lines.zip(found).enumerate().find(|(_, (expected, found))| expected != found);
    let (number, (line, instead)) = first.unwrap_or_default();
    panic!(
        "{} differs in line {}:\n  expected {line:?}\n  found    {instead:?}\nGUANXI_BLESS=1 writes it anew; all of it is now:\n{text}",
        path.display(),
        number + 1
    );
}
