//! Python values as `repr` prints them, which several frameworks record in place of JSON:
//! `{'query': 'example'}`, `Message(role='user', content='…')`, `role='user' content='…'`.

use super::node::{self, Node};

/// The entry that keeps the class of an object.
pub(super) const CLASS: &str = "@class";

/// Reads a Python dictionary, list or object; `None` for anything else, plain words above all.
pub(super) fn parse(text: &str, depth: usize) -> Option<Node> {
    let text = text.trim();
    if !looks_like(text) {
        return None;
    }
    let mut parser = Parser { text, at: 0 };
    let node = if let Some(fields) = parser.fields(depth, None) {
        Node::Map(fields)
    } else {
        parser.at = 0;
        parser.value(depth)?
    };
    parser.space();
    let whole = parser.at == text.len() && !node.is_scalar() && !node.is_empty();
    whole.then_some(node)
}

/// A cheap look before parsing: brackets around the whole, or a field or call at the start.
fn looks_like(text: &str) -> bool {
    let bytes = text.as_bytes();
    match (bytes.first(), bytes.last()) {
        (Some(b'{'), Some(b'}')) | (Some(b'['), Some(b']')) => true,
        (Some(first), Some(_)) if first.is_ascii_alphabetic() || *first == b'_' => {
            let name = text.bytes().take_while(|b| is_name(*b)).count();
            match bytes.get(name) {
                Some(b'(') => bytes.last() == Some(&b')') && text[name..].contains('='),
                Some(b'=') => matches!(bytes.get(name + 1), Some(b'\'' | b'"' | b'[' | b'{' | b'N')),
                _ => false,
            }
        }
        _ => false,
    }
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.'
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
        while self.peek().is_some_and(|b| b.is_ascii_whitespace()) {
            self.at += 1;
        }
    }

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
            b'[' => self.list(b']', deeper),
            b'(' => self.list(b')', deeper),
            b'\'' | b'"' => self.string().map(|text| node::open(text, deeper)),
            b'<' => self.opaque(),
            _ => self.named(deeper),
        }
    }

    fn map(&mut self, depth: usize) -> Option<Node> {
        self.at += 1;
        let mut entries = Vec::new();
        while !self.take(b'}') {
            let (Node::Text(key) | Node::Number(key) | Node::Embedded(key, ..)) = self.value(depth)? else {
                return None;
            };
            if !self.take(b':') {
                return None;
            }
            entries.push((key, self.value(depth)?));
            if !self.take(b',') && self.peek() != Some(b'}') {
                return None;
            }
        }
        Some(Node::Map(entries))
    }

    fn list(&mut self, close: u8, depth: usize) -> Option<Node> {
        self.at += 1;
        let mut items = Vec::new();
        while !self.take(close) {
            items.push(self.value(depth)?);
            if !self.take(b',') && self.peek() != Some(close) {
                return None;
            }
        }
        Some(Node::List(items))
    }

    /// `name=value` fields up to the closing byte, or to the end of the text where they are only
    /// separated by spaces.
    fn fields(&mut self, depth: usize, close: Option<u8>) -> Option<Vec<(String, Node)>> {
        let mut fields = Vec::new();
        loop {
            self.space();
            if close.is_some_and(|close| self.take(close)) || (close.is_none() && self.peek().is_none()) {
                return Some(fields);
            }
            let key = self.name()?.to_owned();
            if !self.take(b'=') {
                return None;
            }
            fields.push((key, self.value(depth)?));
            match close {
                Some(close) if !self.take(b',') && self.peek() != Some(close) => return None,
                _ => {}
            }
        }
    }

    fn name(&mut self) -> Option<&'a str> {
        let start = self.at;
        while self.peek().is_some_and(is_name) {
            self.at += 1;
        }
        (self.at > start).then(|| &self.text[start..self.at])
    }

    /// A word, a number, or an object `Name(field=value, …)`.
    fn named(&mut self, depth: usize) -> Option<Node> {
        let sign = usize::from(self.peek() == Some(b'-'));
        let start = self.at;
        self.at += sign;
        let name = self.name()?;
        if self.peek() == Some(b'(') {
            self.at += 1;
            let mut entries = vec![(CLASS.to_owned(), Node::Text(name.to_owned()))];
            entries.extend(self.fields(depth, Some(b')'))?);
            return Some(Node::Map(entries));
        }
        match name {
            "None" => Some(Node::Null),
            "True" => Some(Node::Bool(true)),
            "False" => Some(Node::Bool(false)),
            _ if name.starts_with(|c: char| c.is_ascii_digit()) => {
                Some(Node::Number(self.text[start..self.at].to_owned()))
            }
            _ => None,
        }
    }

    /// `<… object at 0x…>`, or an enumeration's `<Role.USER: 'user'>`, as its text.
    fn opaque(&mut self) -> Option<Node> {
        let end = self.text[self.at..].find('>')?;
        let text = self.text[self.at..=self.at + end].to_owned();
        self.at += end + 1;
        Some(Node::Text(text))
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.peek()?;
        self.at += 1;
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let stop = rest.bytes().position(|b| b == quote || b == b'\\')?;
            out.push_str(&rest[..stop]);
            self.at += stop + 1;
            if rest.as_bytes()[stop] == quote {
                return Some(out);
            }
            self.escape(&mut out)?;
        }
    }

    fn escape(&mut self, out: &mut String) -> Option<()> {
        let kind = self.text[self.at..].chars().next()?;
        self.at += kind.len_utf8();
        match kind {
            'n' => out.push('\n'),
            't' => out.push('\t'),
            'r' => out.push('\r'),
            '\\' | '\'' | '"' => out.push(kind),
            'x' => out.push(self.code(2)?),
            'u' => out.push(self.code(4)?),
            'U' => out.push(self.code(8)?),
            other => out.extend(['\\', other]),
        }
        Some(())
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let code = self.text.get(self.at..self.at + digits)?;
        self.at += digits;
        Some(char::from_u32(u32::from_str_radix(code, 16).ok()?).unwrap_or('\u{fffd}'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read() {
        let node = parse("{'query': \"it's\", 'n': [1, -2.5], 'ok': True, 'no': None}", 9).unwrap();
        assert_eq!(node.get("query").unwrap().text(), Some("it's"));
        assert_eq!(
            node.get("n"),
            Some(&Node::List(vec![Node::Number("1".into()), Node::Number("-2.5".into())]))
        );
        assert_eq!(node.get("ok"), Some(&Node::Bool(true)));
        let node = parse("role='user' content='a\\nb' t=<Timer at 0x1> m=M(a=1, b=())", 9).unwrap();
        assert_eq!(node.get("content").unwrap().text(), Some("a\nb"));
        assert_eq!(node.get("m").unwrap().get(CLASS).unwrap().text(), Some("M"));
    }

    #[test]
    fn words_and_code_are_not_values() {
        for text in
            ["None", "hello", "print(x)", "a = 1", "{x}", "[see below]", "f(a=b)", "{}", "(1)", "a='b"]
        {
            assert_eq!(parse(text, 9), None, "{text}");
        }
    }

    #[test]
    fn depth_is_limited() {
        assert_eq!(parse(&("[".repeat(10_000) + &"]".repeat(10_000)), 128), None);
    }
}
