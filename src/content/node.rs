//! A JSON document as written: key order, duplicate keys and the digits of numbers are kept, and
//! JSON text inside strings is opened.

use super::python;

/// Levels of nesting followed, strings within strings included; deeper documents count as unreadable.
pub(super) const DEPTH: usize = 128;

/// What kind of text was found inside a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// JSON.
    Json,
    /// A Python `repr`.
    Python,
}

/// One value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number, in its own digits.
    Number(String),
    /// A string.
    Text(String),
    /// A string that holds a document: the string and the document.
    Embedded(String, Within, Box<Node>),
    /// An array.
    List(Vec<Node>),
    /// An object.
    Map(Vec<(String, Node)>),
}

impl Node {
    /// Reads JSON text; `None` unless all of it is JSON.
    pub(super) fn parse(text: &str) -> Option<Self> {
        parse_at(text, DEPTH)
    }

    /// Reads JSON text and opens strings that hold Python values too; for the pretty view.
    pub(super) fn parse_open(text: &str) -> Option<Self> {
        Self::parse(text).map(|node| node.open_python(DEPTH))
    }

    fn open_python(self, depth: usize) -> Self {
        let deeper = depth.saturating_sub(1);
        match self {
            Self::Text(text) => match python::parse(&text, deeper) {
                Some(node) => Self::Embedded(text, Within::Python, Box::new(node)),
                None => Self::Text(text),
            },
            Self::Embedded(text, within, node) => {
                Self::Embedded(text, within, Box::new(node.open_python(deeper)))
            }
            Self::List(items) => Self::List(items.into_iter().map(|n| n.open_python(deeper)).collect()),
            Self::Map(entries) => {
                Self::Map(entries.into_iter().map(|(k, n)| (k, n.open_python(deeper))).collect())
            }
            other => other,
        }
    }

    /// The document itself when this is a string holding one.
    pub(super) fn peel(&self) -> &Self {
        match self {
            Self::Embedded(_, _, node) => node.peel(),
            other => other,
        }
    }

    /// The text of a string, whatever it holds.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) | Self::Embedded(text, ..) => Some(text),
            _ => None,
        }
    }

    /// The entries of an object, also of one inside a string.
    pub(super) fn entries(&self) -> Option<&[(String, Self)]> {
        match self.peel() {
            Self::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// The items of an array, also of one inside a string.
    pub(super) fn items(&self) -> Option<&[Self]> {
        match self.peel() {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// A field of an object.
    pub(super) fn get(&self, key: &str) -> Option<&Self> {
        self.entries()?.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// The first of several fields that is there and says something.
    pub(super) fn any(&self, keys: &[&str]) -> Option<&Self> {
        keys.iter().find_map(|key| self.get(key).filter(|node| !node.is_empty()))
    }

    /// The text of the first of several fields that has one.
    pub(super) fn any_text(&self, keys: &[&str]) -> Option<&str> {
        keys.iter().find_map(|key| self.get(key)?.text().filter(|text| !text.is_empty()))
    }

    /// Whether it says nothing: null or empty.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Bool(_) | Self::Number(_) => false,
            Self::Text(text) => text.is_empty(),
            Self::Embedded(_, _, node) => node.is_empty(),
            Self::List(items) => items.is_empty(),
            Self::Map(entries) => entries.is_empty(),
        }
    }

    /// Whether it is a single value rather than a container.
    pub(super) fn is_scalar(&self) -> bool {
        !matches!(self, Self::Embedded(..) | Self::List(_) | Self::Map(_))
    }
}

fn parse_at(text: &str, depth: usize) -> Option<Node> {
    let mut parser = Parser { text, at: 0 };
    let node = parser.value(depth)?;
    parser.space();
    (parser.at == text.len()).then_some(node)
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// Skips white space and takes a byte if it comes next.
    fn take(&mut self, byte: u8) -> bool {
        self.space();
        let found = self.peek() == Some(byte);
        self.at += usize::from(found);
        found
    }

    fn value(&mut self, depth: usize) -> Option<Node> {
        let deeper = depth.checked_sub(1)?;
        self.space();
        match self.peek()? {
            b'{' => self.map(deeper),
            b'[' => self.list(deeper),
            b'"' => Some(open(self.string()?, deeper)),
            b'-' | b'0'..=b'9' => self.number(),
            _ => self.word(),
        }
    }

    fn map(&mut self, depth: usize) -> Option<Node> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.take(b'}') {
            return Some(Node::Map(entries));
        }
        loop {
            self.space();
            let key = (self.peek()? == b'"').then(|| self.string())??;
            if !self.take(b':') {
                return None;
            }
            entries.push((key, self.value(depth)?));
            if self.take(b'}') {
                return Some(Node::Map(entries));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Node> {
        self.at += 1;
        let mut items = Vec::new();
        if self.take(b']') {
            return Some(Node::List(items));
        }
        loop {
            items.push(self.value(depth)?);
            if self.take(b']') {
                return Some(Node::List(items));
            }
            if !self.take(b',') {
                return None;
            }
        }
    }

    /// `NaN` and the infinities are no JSON, but some encoders write them.
    fn word(&mut self) -> Option<Node> {
        let rest = &self.text[self.at..];
        let words = [
            ("null", Node::Null),
            ("true", Node::Bool(true)),
            ("false", Node::Bool(false)),
            ("NaN", Node::Number("NaN".into())),
            ("Infinity", Node::Number("Infinity".into())),
        ];
        let (word, node) = words.into_iter().find(|(word, _)| rest.starts_with(word))?;
        self.at += word.len();
        Some(node)
    }

    fn number(&mut self) -> Option<Node> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        if self.text[self.at..].starts_with("Infinity") {
            self.at += "Infinity".len();
            return Some(Node::Number("-Infinity".into()));
        }
        let whole = self.digits()?;
        if whole.len() > 1 && whole.starts_with('0') {
            return None;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            self.digits()?;
        }
        Some(Node::Number(self.text[start..self.at].into()))
    }

    fn digits(&mut self) -> Option<&'a str> {
        let start = self.at;
        while self.peek().is_some_and(|b| b.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then(|| &self.text[start..self.at])
    }

    fn string(&mut self) -> Option<String> {
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.bytes().position(|b| b == b'"' || b == b'\\' || b < 0x20)?;
            out.push_str(&rest[..stop]);
            self.at += stop + 1;
            match rest.as_bytes()[stop] {
                b'"' => return Some(out),
                b'\\' => out.push(self.escape()?),
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<char> {
        let kind = self.peek()?;
        self.at += 1;
        Some(match kind {
            b'"' => '"',
            b'\\' => '\\',
            b'/' => '/',
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => self.unicode()?,
            _ => return None,
        })
    }

    /// The character of `\uXXXX`; half a surrogate pair becomes the replacement character.
    fn unicode(&mut self) -> Option<char> {
        let high = self.hex()?;
        if !(0xd800..0xdc00).contains(&high) || !self.text[self.at..].starts_with("\\u") {
            return Some(char::from_u32(high).unwrap_or('\u{fffd}'));
        }
        let back = self.at;
        self.at += 2;
        let low = self.hex()?;
        if !(0xdc00..0xe000).contains(&low) {
            self.at = back;
            return Some('\u{fffd}');
        }
        char::from_u32(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))
    }

    fn hex(&mut self) -> Option<u32> {
        let digits = self.text.get(self.at..self.at + 4)?;
        let all_hex = digits.bytes().all(|b| b.is_ascii_hexdigit());
        self.at += 4;
        all_hex.then(|| u32::from_str_radix(digits, 16).ok())?
    }
}

/// A string, opened when it holds an object or an array, however often it was quoted.
pub(super) fn open(text: String, depth: usize) -> Node {
    let document = match text.trim_start().as_bytes().first() {
        Some(b'{' | b'[' | b'"') => parse_at(&text, depth),
        _ => None,
    };
    match document {
        Some(node @ (Node::Map(_) | Node::List(_) | Node::Embedded(..))) => {
            Node::Embedded(text, Within::Json, Box::new(node))
        }
        _ => Node::Text(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_json_is_json() {
        for text in ["", "hello", "{", "{\"a\":}", "[1,]", "01", "1 2", "\"a", "{'a': 1}", "\"\\x\"", "-"] {
            assert_eq!(Node::parse(text), None, "{text}");
        }
        for text in ["null", " [ ] ", "-0.5e+10", "\"\\ud83d\"", "{\"a\":[{}]}", "NaN"] {
            assert!(Node::parse(text).is_some(), "{text}");
        }
    }

    #[test]
    fn numbers_keep_their_digits() {
        let digits = "12345678901234567890.1234567890";
        assert_eq!(Node::parse(digits), Some(Node::Number(digits.into())));
    }

    #[test]
    fn escapes_are_decoded() {
        assert_eq!(Node::parse(r#""\ud83d\ude00\n\u00e9\ud83d.""#).unwrap().text(), Some("😀\né\u{fffd}."));
    }

    #[test]
    fn documents_inside_strings_are_opened() {
        let twice = serde_json::to_string(&serde_json::to_string(r#"{"a": 1}"#).unwrap()).unwrap();
        let node = Node::parse(&twice).unwrap();
        assert_eq!(node.get("a"), Some(&Node::Number("1".into())));
        assert_eq!(Node::parse(r#""\"quoted\"""#), Some(Node::Text("\"quoted\"".into())));
    }

    #[test]
    fn depth_is_limited() {
        assert!(Node::parse(&("[".repeat(100) + &"]".repeat(100))).is_some());
        assert_eq!(Node::parse(&("[".repeat(10_000) + &"]".repeat(10_000))), None);
    }
}
