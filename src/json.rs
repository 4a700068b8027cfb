//! A scanner that reads a JSON text once, from beginning to end, without a copy.
//!
//! A page of endpoints is a megabyte of which an event needs a tenth, and reading it is most of the work. serde_json
//! does not know the type of a value before reading it, so values of any type would be read twice, and the items of a
//! page a third time. This scanner looks ahead. It accepts exactly what RFC 8259 and serde_json accept, at any depth,
//! of any size and with any number: `tests/json.rs` compares them.

use std::borrow::Cow;

pub(crate) mod plain;

use crate::json::plain::plain_bytes;

/// A scanner over a text; the caller decides for each value how to read it.
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    /// The closing brackets of the objects and arrays around the value that is being skipped.
    open: Vec<u8>,
}

/// The text is not JSON from here on. Only rejected texts need a reason, which serde_json finds.
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

/// A text as it is written in the JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted<'a> {
    /// The text between the quotes.
    inner: &'a str,
    is_escaped: bool,
}

impl<'a> Quoted<'a> {
    /// Returns the text between the quotes, with its escapes.
    pub fn written(self) -> &'a str {
        self.inner
    }

    /// Returns the text without escapes; `None` if it has half a surrogate pair, which is not a character.
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
    /// Returns a text that is not empty.
    pub fn text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Text(quoted) => quoted.decoded().filter(|text| !text.is_empty()),
            _ => None,
        }
    }

    /// Returns `true` or `false`.
    pub fn boolean(self) -> Option<bool> {
        match self {
            Self::Boolean(boolean) => Some(boolean),
            _ => None,
        }
    }
}

// Always inlined: a page has tens of thousands of tokens, and in WebAssembly each call looks at the host's clock.
impl<'a> Scanner<'a> {
    /// Starts at the beginning of a text.
    pub fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            open: Vec::new(),
        }
    }

    /// Returns the first byte of the next token; `None` at the end.
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

    /// Returns the position in bytes.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// Returns the text from an offset to the current position.
    ///
    /// # Errors
    ///
    /// If the offset is not one of an earlier position.
    pub fn since(&self, offset: usize) -> Result<&'a str, NotJson> {
        self.text.get(offset..self.at).ok_or(NotJson)
    }

    /// Reads a value of any kind and returns its text.
    ///
    /// # Errors
    ///
    /// If it is not JSON.
    pub fn value(&mut self) -> Result<&'a str, NotJson> {
        self.peek();
        let start = self.at;
        self.skip()?;
        self.since(start)
    }

    /// Reads a value and returns it unless it is an object or an array.
    ///
    /// # Errors
    ///
    /// If it is not JSON.
    pub fn scalar(&mut self) -> Result<Option<Scalar<'a>>, NotJson> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip().map(|()| None),
            Some(b'"') => Ok(Some(Scalar::Text(self.quoted()?))),
            _ => self.plain().map(Some),
        }
    }

    /// Reads a value, and if it is an object calls `each` for each of its members in order: with its name, and this
    /// scanner before its value, which `each` must read. Returns whether it is an object.
    ///
    /// # Errors
    ///
    /// If it is not JSON, or `each` fails.
    pub fn members<E: From<NotJson>>(
        &mut self,
        mut each: impl FnMut(&mut Self, Quoted<'a>) -> Result<(), E>,
    ) -> Result<bool, E> {
        if self.peek() != Some(b'{') {
            self.skip()?;
            return Ok(false);
        }
        self.at += 1;
        if self.skip_if(b'}') {
            return Ok(true);
        }
        loop {
            let name = self.name()?;
            each(self, name)?;
            if !self.has_next(b'}')? {
                return Ok(true);
            }
        }
    }

    /// Reads a value, and if it is an array calls `each` before each of its entries, which `each` must read. Returns
    /// whether it is an array.
    ///
    /// # Errors
    ///
    /// If it is not JSON, or `each` fails.
    pub fn entries<E: From<NotJson>>(
        &mut self,
        mut each: impl FnMut(&mut Self) -> Result<(), E>,
    ) -> Result<bool, E> {
        if self.peek() != Some(b'[') {
            self.skip()?;
            return Ok(false);
        }
        self.at += 1;
        if self.skip_if(b']') {
            return Ok(true);
        }
        loop {
            each(self)?;
            if !self.has_next(b']')? {
                return Ok(true);
            }
        }
    }

    /// Checks that the text ends here.
    ///
    /// # Errors
    ///
    /// If it does not.
    pub fn end(&mut self) -> Result<(), NotJson> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(NotJson),
        }
    }

    /// Skips a value, without recursion.
    ///
    /// # Errors
    ///
    /// If it is not JSON.
    #[inline(always)]
    pub fn skip(&mut self) -> Result<(), NotJson> {
        match self.peek() {
            Some(b'{' | b'[') => self.skip_nested(),
            Some(b'"') => self.skip_quoted().map(drop),
            _ => self.plain().map(drop),
        }
    }

    fn skip_nested(&mut self) -> Result<(), NotJson> {
        self.open.clear();
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    if !self.skip_if(b'}') {
                        self.open.push(b'}');
                        self.skip_name()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    if !self.skip_if(b']') {
                        self.open.push(b']');
                        continue;
                    }
                }
                Some(b'"') => {
                    self.skip_quoted()?;
                }
                _ => {
                    self.plain()?;
                }
            }
            loop {
                let Some(&end) = self.open.last() else {
                    return Ok(());
                };
                if self.has_next(end)? {
                    if end == b'}' {
                        self.skip_name()?;
                    }
                    break;
                }
                self.open.pop();
            }
        }
    }

    /// Reads the byte after a member or an entry, and returns whether another one follows. `end` is the closing
    /// bracket.
    #[inline(always)]
    fn has_next(&mut self, end: u8) -> Result<bool, NotJson> {
        let found = self.peek().ok_or(NotJson)?;
        self.at += 1;
        match found {
            b',' => Ok(true),
            _ if found == end => Ok(false),
            _ => Err(NotJson),
        }
    }

    /// Skips the next byte if it is this one, and returns whether it is.
    #[inline(always)]
    fn skip_if(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        self.at += usize::from(is_next);
        is_next
    }

    /// Reads the name of a member and the colon after it.
    #[inline(always)]
    fn name(&mut self) -> Result<Quoted<'a>, NotJson> {
        if self.peek() != Some(b'"') {
            return Err(NotJson);
        }
        let name = self.quoted()?;
        self.colon()?;
        Ok(name)
    }

    /// Skips the name of a member and the colon after it.
    #[inline(always)]
    fn skip_name(&mut self) -> Result<(), NotJson> {
        if self.peek() != Some(b'"') {
            return Err(NotJson);
        }
        self.skip_quoted()?;
        self.colon()
    }

    #[inline(always)]
    fn colon(&mut self) -> Result<(), NotJson> {
        if self.skip_if(b':') {
            Ok(())
        } else {
            Err(NotJson)
        }
    }

    /// Reads a text; the next byte is its quote.
    #[inline(always)]
    fn quoted(&mut self) -> Result<Quoted<'a>, NotJson> {
        let start = self.at + 1;
        let is_escaped = self.skip_quoted()?;
        let inner = self.text.get(start..self.at - 1).ok_or(NotJson)?;
        Ok(Quoted { inner, is_escaped })
    }

    /// Skips a text; the next byte is its quote. Returns whether it has escapes.
    #[inline(always)]
    fn skip_quoted(&mut self) -> Result<bool, NotJson> {
        self.at += 1;
        match self.plain_end() {
            Some(b'"') => {
                self.at += 1;
                Ok(false)
            }
            _ => self.skip_after_escape().map(|()| true),
        }
    }

    /// Skips the rest of a text that has an escape.
    #[inline(never)]
    fn skip_after_escape(&mut self) -> Result<(), NotJson> {
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

    /// Skips bytes without an escape, and returns the byte after them.
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

/// Returns the length of the escape at the beginning.
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

/// Returns the length of the number at the beginning.
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
