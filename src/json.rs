//! A JSON text, read once from its beginning to its end, without a copy.
//!
//! A page of endpoints is a megabyte of which an event needs a tenth, and to read it is most of the work. serde_json
//! cannot tell what a value is without reading it, so that what may be of any type is read twice, and a page's items
//! a third time. Here the reader looks ahead. It takes what RFC 8259 says, at any depth, of any size and with any
//! number, and what serde_json passes over is neither more nor less: `tests/json.rs` compares them.

use std::borrow::Cow;

pub(crate) mod plain;

use crate::json::plain::plain_bytes;

/// A text that is read from its beginning; whoever reads decides at each value what becomes of it.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// How the objects and arrays end that a value stands in while it is passed over.
    open: Vec<u8>,
}

/// The text is not JSON from here on. What is wrong with it tells serde_json, which nobody needs to know but of a
/// text that is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

/// A value that is neither an object nor an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scalar<'a> {
    /// A text.
    Text(Quoted<'a>),
    /// `true` or `false`.
    Boolean(bool),
    /// A number or `null`.
    Other,
}

/// A text as it stands in the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted<'a> {
    /// What stands between the quotes.
    inner: &'a str,
    is_escaped: bool,
}

impl<'a> Quoted<'a> {
    /// What stands between the quotes.
    pub fn written(self) -> &'a str {
        self.inner
    }

    /// The text that it stands for; none where it holds half a surrogate pair, which stands for no character.
    #[inline(always)]
    pub fn decoded(self) -> Option<Cow<'a, str>> {
        if self.is_escaped {
            let decoded = serde_json::from_str(&format!("\"{}\"", self.inner));
            decoded.ok().map(Cow::Owned)
        } else {
            Some(Cow::Borrowed(self.inner))
        }
    }
}

impl<'a> Scalar<'a> {
    /// A text that is not empty.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(quoted) => quoted.decoded().filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// `true` or `false`.
    pub fn boolean(self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }
}

// Inlined by order: a page has tens of thousands of tokens, and in WebAssembly each call looks at the host's clock.
impl<'a> Scanner<'a> {
    /// Begins at the beginning of a text.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
        }
    }

    /// How the next value, or whatever stands there, begins; none at the end.
    #[inline(always)]
    pub fn peek(&mut self) -> Option<u8> {
        match self.text.as_bytes().get(self.at) {
            Some(byte) if is_space(*byte) => self.peek_behind_space(),
            byte => byte.copied(),
        }
    }

    #[cold]
    fn peek_behind_space(&mut self) -> Option<u8> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        self.at += rest.iter().take_while(|byte| is_space(**byte)).count();
        self.text.as_bytes().get(self.at).copied()
    }

    /// Where the reading has come to, in bytes.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// The text that was read since an offset.
    ///
    /// # Errors
    ///
    /// The offset is none that was read before.
    pub fn since(&self, offset: usize) -> Result<&'a str, NotJson> {
        self.text.get(offset..self.at).ok_or(NotJson)
    }

    /// Reads a value of any kind and gives its text.
    ///
    /// # Errors
    ///
    /// It is no JSON.
    pub fn value(&mut self) -> Result<&'a str, NotJson> {
        self.peek();
        let start = self.at;
        self.pass()?;
        self.since(start)
    }

    /// Reads a value and gives it where it is neither an object nor an array.
    ///
    /// # Errors
    ///
    /// It is no JSON.
    pub fn scalar(&mut self) -> Result<Option<Scalar<'a>>, NotJson> {
        match self.peek() {
            Some(b'{' | b'[') => self.pass().map(|()| None),
            Some(b'"') => Ok(Some(Scalar::Text(self.quoted()?))),
            _ => self.plain().map(Some),
        }
    }

    /// Reads a value, and where it is an object hands each of its members to `each`, in its order: its name, and
    /// this scanner before its value, which must be read. Gives whether it is an object.
    ///
    /// # Errors
    ///
    /// It is no JSON, or `each` fails.
    pub fn members<E: From<NotJson>>(
        &mut self,
        mut each: impl FnMut(&mut Self, Quoted<'a>) -> Result<(), E>,
    ) -> Result<bool, E> {
        if self.peek() != Some(b'{') {
            self.pass()?;
            return Ok(false);
        }
        self.at += 1;
        if self.takes(b'}') {
            return Ok(true);
        }
        loop {
            let name = self.name()?;
            each(self, name)?;
            if !self.goes_on(b'}')? {
                return Ok(true);
            }
        }
    }

    /// Reads a value, and where it is an array calls `each` before each of its entries, which must be read. Gives
    /// whether it is an array.
    ///
    /// # Errors
    ///
    /// It is no JSON, or `each` fails.
    pub fn entries<E: From<NotJson>>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<bool, E> {
        if self.peek() != Some(b'[') {
            self.pass()?;
            return Ok(false);
        }
        self.at += 1;
        if self.takes(b']') {
            return Ok(true);
        }
        loop {
            each(self)?;
            if !self.goes_on(b']')? {
                return Ok(true);
            }
        }
    }

    /// Makes sure that nothing follows.
    ///
    /// # Errors
    ///
    /// Something does.
    pub fn end(&mut self) -> Result<(), NotJson> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(NotJson),
        }
    }

    /// Passes a value over, without recursion.
    ///
    /// # Errors
    ///
    /// It is no JSON.
    #[inline(always)]
    pub fn pass(&mut self) -> Result<(), NotJson> {
        match self.peek() {
            Some(b'{' | b'[') => self.pass_nested(),
            Some(b'"') => self.pass_quoted().map(drop),
            _ => self.plain().map(drop),
        }
    }

    fn pass_nested(&mut self) -> Result<(), NotJson> {
        self.open.clear();
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    if !self.takes(b'}') {
                        self.open.push(b'}');
                        self.pass_name()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    if !self.takes(b']') {
                        self.open.push(b']');
                        continue;
                    }
                }
                Some(b'"') => {
                    self.pass_quoted()?;
                }
                _ => {
                    self.plain()?;
                }
            }
            loop {
                let Some(&end) = self.open.last() else {
                    return Ok(());
                };
                if self.goes_on(end)? {
                    if end == b'}' {
                        self.pass_name()?;
                    }
                    break;
                }
                self.open.pop();
            }
        }
    }

    /// Reads what follows a member or an entry, and gives whether another one does. `end` ends what it stands in.
    #[inline(always)]
    fn goes_on(&mut self, end: u8) -> Result<bool, NotJson> {
        let found = self.peek().ok_or(NotJson)?;
        self.at += 1;
        match found {
            b',' => Ok(true),
            _ if found == end => Ok(false),
            _ => Err(NotJson),
        }
    }

    /// Whether the next character is this one, which is then passed.
    #[inline(always)]
    fn takes(&mut self, byte: u8) -> bool {
        let takes = self.peek() == Some(byte);
        self.at += usize::from(takes);
        takes
    }

    /// Reads the name of a member with the colon behind it.
    #[inline(always)]
    fn name(&mut self) -> Result<Quoted<'a>, NotJson> {
        if self.peek() != Some(b'"') {
            return Err(NotJson);
        }
        let name = self.quoted()?;
        self.colon()?;
        Ok(name)
    }

    /// Passes the name of a member over, and the colon behind it.
    #[inline(always)]
    fn pass_name(&mut self) -> Result<(), NotJson> {
        if self.peek() != Some(b'"') {
            return Err(NotJson);
        }
        self.pass_quoted()?;
        self.colon()
    }

    #[inline(always)]
    fn colon(&mut self) -> Result<(), NotJson> {
        if self.takes(b':') {
            Ok(())
        } else {
            Err(NotJson)
        }
    }

    /// Reads a text; its quote is the next character.
    #[inline(always)]
    fn quoted(&mut self) -> Result<Quoted<'a>, NotJson> {
        let start = self.at + 1;
        let is_escaped = self.pass_quoted()?;
        let inner = self.text.get(start..self.at - 1).ok_or(NotJson)?;
        Ok(Quoted { inner, is_escaped })
    }

    /// Passes a text over; its quote is the next character. Gives whether something of it is escaped.
    #[inline(always)]
    fn pass_quoted(&mut self) -> Result<bool, NotJson> {
        self.at += 1;
        match self.plain_end() {
            Some(b'"') => {
                self.at += 1;
                Ok(false)
            }
            _ => self.pass_on().map(|()| true),
        }
    }

    /// Passes the rest of a text over that does not end where its plain beginning does.
    #[inline(never)]
    fn pass_on(&mut self) -> Result<(), NotJson> {
        loop {
            match self.plain_end() {
                Some(b'"') => break,
                Some(b'\\') => {
                    let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
                    self.at += escape(rest)?;
                }
                _ => return Err(NotJson),
            }
        }
        self.at += 1;
        Ok(())
    }

    /// Passes what can stand in a text as it is, and gives what ends it.
    #[inline(always)]
    fn plain_end(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        let rest = bytes.get(self.at..).unwrap_or_default();
        self.at += plain_bytes(rest);
        bytes.get(self.at).copied()
    }

    /// Reads a number, a boolean or `null`.
    #[inline(always)]
    fn plain(&mut self) -> Result<Scalar<'a>, NotJson> {
        let rest = self.text.as_bytes().get(self.at..).unwrap_or_default();
        let (length, scalar) = match rest {
            [b't', b'r', b'u', b'e', ..] => (4, Scalar::Boolean(true)),
            [b'f', b'a', b'l', b's', b'e', ..] => (5, Scalar::Boolean(false)),
            [b'n', b'u', b'l', b'l', ..] => (4, Scalar::Other),
            _ => (number(rest)?, Scalar::Other),
        };
        self.at += length;
        Ok(scalar)
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// How long the escape is at the beginning.
fn escape(bytes: &[u8]) -> Result<usize, NotJson> {
    match bytes {
        [
            _,
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't',
            ..,
        ] => Ok(2),
        [_, b'u', digits @ ..] => match digits.first_chunk::<4>() {
            Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => Ok(6),
            _ => Err(NotJson),
        },
        _ => Err(NotJson),
    }
}

/// How long the number is at the beginning.
fn number(bytes: &[u8]) -> Result<usize, NotJson> {
    let byte = |at: usize| bytes.get(at).copied();
    let digits = |from: usize| {
        let rest = bytes.get(from..).unwrap_or_default();
        let count = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if count == 0 {
            Err(NotJson)
        } else {
            Ok(from + count)
        }
    };
    let mut at = usize::from(byte(0) == Some(b'-'));
    at = match byte(at) {
        Some(b'0') => at + 1,
        _ => digits(at)?,
    };
    if byte(at) == Some(b'.') {
        at = digits(at + 1)?;
    }
    if matches!(byte(at), Some(b'e' | b'E')) {
        let is_signed = matches!(byte(at + 1), Some(b'+' | b'-'));
        at = digits(at + 1 + usize::from(is_signed))?;
    }
    Ok(at)
}
