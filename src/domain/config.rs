//! Score configs: what a rubric row accepts.

use std::fmt;

use jiff::Timestamp;

use super::{ConfigId, DataType, Value, text::utf16_len};

/// Longest TEXT value the server keeps, in UTF-16 units.
pub const TEXT_UNITS: usize = 500;

/// One choice of a categorical config.
#[derive(Debug, Clone, PartialEq)]
pub struct Category {
    /// What is sent and shown.
    pub label: String,
    /// The number behind it.
    pub value: f64,
}

/// Describes one kind of score: its type and what it accepts.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoreConfig {
    /// Identifier.
    pub id: ConfigId,
    /// Shown as the row's name; the server writes it onto every score of this config.
    pub name: String,
    /// Help for the annotator.
    pub description: Option<String>,
    /// Type of the values.
    pub data_type: DataType,
    /// Archived configs refuse new scores and updates.
    pub is_archived: bool,
    /// Lowest NUMERIC value, inclusive.
    pub min: Option<f64>,
    /// Highest NUMERIC value, inclusive.
    pub max: Option<f64>,
    /// Choices of a CATEGORICAL config; True and False of a BOOLEAN one.
    pub categories: Vec<Category>,
    /// When it was created.
    pub created_at: Timestamp,
}

/// Why a value does not fit its config. The server would answer 200 and drop it silently.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// The config takes no more scores.
    Archived,
    /// The value's type is not the config's.
    WrongType(DataType),
    /// Not a finite number.
    NotANumber,
    /// Below the lowest value.
    Below(f64),
    /// Above the highest value.
    Above(f64),
    /// Not one of the labels.
    UnknownCategory(String),
    /// An empty text.
    Empty,
    /// Too long: units used, units allowed.
    TooLong(usize, usize),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Archived => write!(f, "this score config is archived and takes no more scores"),
            Self::WrongType(wanted) => write!(f, "this row takes {} values", wanted.noun()),
            Self::NotANumber => write!(f, "not a number"),
            Self::Below(min) => write!(f, "below {min}, the lowest value"),
            Self::Above(max) => write!(f, "above {max}, the highest value"),
            Self::UnknownCategory(label) => write!(f, "`{label}` is not one of the categories"),
            Self::Empty => write!(f, "a text needs at least one character"),
            Self::TooLong(used, most) => write!(f, "{used} of {most} characters"),
        }
    }
}

impl ScoreConfig {
    /// Checks a value as the server does after it has answered 200.
    ///
    /// # Errors
    /// Says why the server would drop it.
    pub fn check(&self, value: &Value) -> Result<(), Refusal> {
        if self.is_archived {
            return Err(Refusal::Archived);
        }
        match (self.data_type, value) {
            (DataType::Numeric, Value::Number(n)) => self.check_number(*n),
            (DataType::Boolean, Value::Boolean(_)) => Ok(()),
            (DataType::Categorical, Value::Category(label)) => {
                if self.categories.iter().any(|c| c.label == *label) {
                    Ok(())
                } else {
                    Err(Refusal::UnknownCategory(label.clone()))
                }
            }
            (DataType::Text, Value::Text(text)) => check_text(text),
            (wanted, _) => Err(Refusal::WrongType(wanted)),
        }
    }

    fn check_number(&self, n: f64) -> Result<(), Refusal> {
        if !n.is_finite() {
            return Err(Refusal::NotANumber);
        }
        if let Some(min) = self.min.filter(|min| n < *min) {
            return Err(Refusal::Below(min));
        }
        if let Some(max) = self.max.filter(|max| n > *max) {
            return Err(Refusal::Above(max));
        }
        Ok(())
    }

    /// Reads what a person typed for this row.
    ///
    /// # Errors
    /// Says why the text is no value of this config.
    pub fn parse(&self, typed: &str) -> Result<Value, Refusal> {
        let value = match self.data_type {
            DataType::Numeric => {
                let n = typed.trim().replace(',', ".").parse().map_err(|_| Refusal::NotANumber)?;
                Value::Number(n)
            }
            DataType::Boolean => match typed.trim().to_lowercase().as_str() {
                "1" | "y" | "yes" | "t" | "true" => Value::Boolean(true),
                "0" | "2" | "n" | "no" | "f" | "false" => Value::Boolean(false),
                _ => return Err(Refusal::WrongType(DataType::Boolean)),
            },
            DataType::Categorical => Value::Category(self.closest_category(typed.trim())),
            DataType::Text | DataType::Correction => Value::Text(typed.to_owned()),
        };
        self.check(&value).map(|()| value)
    }

    /// The label meant by what was typed: itself, or the only one that starts or contains it.
    fn closest_category(&self, typed: &str) -> String {
        let wanted = typed.to_lowercase();
        let only = |fits: &dyn Fn(&str) -> bool| {
            let mut fitting = self.categories.iter().filter(|c| fits(&c.label.to_lowercase()));
            fitting.next().filter(|_| fitting.next().is_none()).map(|c| c.label.clone())
        };
        only(&|label| label == wanted)
            .or_else(|| only(&|label| label.starts_with(&wanted)))
            .or_else(|| only(&|label| label.contains(&wanted)))
            .unwrap_or_else(|| typed.to_owned())
    }

    /// The whole numbers of a NUMERIC config with ten of them or fewer, lowest first.
    #[must_use]
    pub fn digit_range(&self) -> Option<std::ops::RangeInclusive<i64>> {
        let (min, max) = (self.min?, self.max?);
        let whole = |n: f64| n.fract() == 0.0 && n.abs() < 1e9;
        if self.data_type != DataType::Numeric || !whole(min) || !whole(max) || max - min > 9.0 || max < min {
            return None;
        }
        #[expect(clippy::cast_possible_truncation, reason = "whole and below 1e9")]
        Some(min as i64..=max as i64)
    }

    /// The options a digit can pick, in the order shown: label and value.
    ///
    /// Empty for rows that take typed values only.
    #[must_use]
    pub fn options(&self) -> Vec<(String, Value)> {
        match self.data_type {
            DataType::Boolean => {
                vec![("yes".into(), Value::Boolean(true)), ("no".into(), Value::Boolean(false))]
            }
            DataType::Categorical => {
                self.categories.iter().map(|c| (c.label.clone(), Value::Category(c.label.clone()))).collect()
            }
            #[expect(clippy::cast_precision_loss, reason = "below 1e9")]
            DataType::Numeric => self
                .digit_range()
                .map(|range| range.map(|n| (n.to_string(), Value::Number(n as f64))).collect())
                .unwrap_or_default(),
            DataType::Text | DataType::Correction => Vec::new(),
        }
    }

    /// The value behind a digit key: numbers stand for themselves, otherwise 1 is the first option
    /// and 0 the tenth.
    #[must_use]
    pub fn by_digit(&self, digit: u8) -> Option<Value> {
        if self.data_type == DataType::Numeric {
            let range = self.digit_range()?;
            let n = i64::from(digit);
            // 0 stands for 10 where 0 itself is no value.
            let n = if n == 0 && !range.contains(&0) { 10 } else { n };
            #[expect(clippy::cast_precision_loss, reason = "a digit")]
            return range.contains(&n).then_some(Value::Number(n as f64));
        }
        let index = if digit == 0 { 9 } else { usize::from(digit) - 1 };
        self.options().into_iter().nth(index).map(|(_, value)| value)
    }
}

fn check_text(text: &str) -> Result<(), Refusal> {
    let used = utf16_len(text);
    match used {
        0 => Err(Refusal::Empty),
        n if n > TEXT_UNITS => Err(Refusal::TooLong(n, TEXT_UNITS)),
        _ => Ok(()),
    }
}
