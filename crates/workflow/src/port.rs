//! What goes in and out of a node: ports, their types, and which type may be linked to which.

use serde::Serialize;
use utoipa::ToSchema;

use super::value::Value;

/// What a port takes or gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "PortType"))]
#[serde(rename_all = "snake_case")]
#[schema(as = PortType)]
pub enum Type {
    /// Anything.
    Json,
    /// A text.
    Text,
    /// Any number.
    Number,
    /// A whole number.
    Integer,
    /// Yes or no.
    Boolean,
    /// A list.
    List,
    /// An object.
    Object,
}

impl Type {
    /// Every type.
    pub const ALL: [Type; 7] =
        [Type::Json, Type::Text, Type::Number, Type::Integer, Type::Boolean, Type::List, Type::Object];

    /// The word on the wire.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Type::Json => "json",
            Type::Text => "text",
            Type::Number => "number",
            Type::Integer => "integer",
            Type::Boolean => "boolean",
            Type::List => "list",
            Type::Object => "object",
        }
    }

    /// Whether an input of this type may be linked to an output of type `source`. What can only be known when the
    /// value is there is allowed, and checked then.
    #[must_use]
    pub const fn takes(self, source: Type) -> bool {
        matches!(
            (self, source),
            (Type::Json, _)
                | (_, Type::Json)
                | (Type::Text, Type::Text)
                | (Type::Number, Type::Number | Type::Integer)
                | (Type::Integer, Type::Integer)
                | (Type::Boolean, Type::Boolean)
                | (Type::List, Type::List)
                | (Type::Object, Type::Object)
        )
    }

    /// Whether a value is of this type. Nothing is of every type but [`Type::Json`] no value.
    #[must_use]
    pub fn admits(self, value: &Value) -> bool {
        match self {
            Type::Json => true,
            Type::Text => value.as_text().is_some(),
            Type::Number => value.as_number().is_some(),
            Type::Integer => value.as_integer().is_some(),
            Type::Boolean => value.as_bool().is_some(),
            Type::List => value.as_list().is_some(),
            Type::Object => value.as_object().is_some(),
        }
    }
}

/// How an input is best edited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Widget {
    /// What goes with its type.
    #[default]
    Plain,
    /// Several lines of text.
    Multiline,
    /// Code.
    Code,
}

/// An input of a node class.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "InputPort"))]
#[schema(as = InputPort)]
pub struct Input {
    /// Its name, unique among the inputs of the class.
    pub name: &'static str,
    /// What it takes.
    #[serde(rename = "type")]
    pub ty: Type,
    /// What it is for, in a sentence.
    pub description: &'static str,
    /// Whether it must have a constant or a link.
    pub required: bool,
    /// What it is where it has neither.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = serde_json::Value, required = false)]
    #[cfg_attr(feature = "ts", ts(optional, type = "unknown"))]
    pub default: Option<Value>,
    /// The smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub min: Option<f64>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub max: Option<f64>,
    /// What there is to choose from; anything where it is empty.
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    #[cfg_attr(feature = "ts", ts(as = "Option<Vec<String>>", optional))]
    pub choices: &'static [&'static str],
    /// Whether what it is linked to runs only when the node asks for it.
    pub lazy: bool,
    /// Whether the node runs also while the input is linked to an output that has no value.
    #[serde(skip)]
    pub may_lack: bool,
    /// How it is best edited.
    pub widget: Widget,
    /// Whether few need it, so that it is best kept out of sight until it is set, linked or asked for.
    pub advanced: bool,
}

impl Input {
    /// A required input.
    #[must_use]
    pub const fn new(name: &'static str, ty: Type, description: &'static str) -> Self {
        Self {
            name,
            ty,
            description,
            required: true,
            default: None,
            min: None,
            max: None,
            choices: &[],
            lazy: false,
            may_lack: false,
            widget: Widget::Plain,
            advanced: false,
        }
    }

    /// The same, which may be left out.
    #[must_use]
    pub const fn optional(mut self) -> Self {
        self.required = false;
        self
    }

    /// The same, which is `value` where it is left out.
    #[must_use]
    pub fn or(mut self, value: impl Into<Value>) -> Self {
        self.required = false;
        self.default = Some(value.into());
        self
    }

    /// The same, of at least `min`.
    #[must_use]
    pub const fn at_least(mut self, min: f64) -> Self {
        self.min = Some(min);
        self
    }

    /// The same, of at most `max`.
    #[must_use]
    pub const fn at_most(mut self, max: f64) -> Self {
        self.max = Some(max);
        self
    }

    /// The same, which is one of `choices`.
    #[must_use]
    pub const fn one_of(mut self, choices: &'static [&'static str]) -> Self {
        self.choices = choices;
        self
    }

    /// The same; what it is linked to runs only when the node asks for it, see [`super::node::Node::wants`].
    #[must_use]
    pub const fn lazy(mut self) -> Self {
        self.lazy = true;
        self
    }

    /// The same; where it is linked to a way that is not taken or to a node that failed, the node runs without it.
    #[must_use]
    pub const fn may_lack(mut self) -> Self {
        self.may_lack = true;
        self
    }

    /// Whether the node runs only when the output that it is linked to has a value.
    #[must_use]
    pub const fn needs_its_link(&self) -> bool {
        self.required || !self.may_lack
    }

    /// The same, edited as several lines of text.
    #[must_use]
    pub const fn multiline(mut self) -> Self {
        self.widget = Widget::Multiline;
        self
    }

    /// The same, edited as code.
    #[must_use]
    pub const fn code(mut self) -> Self {
        self.widget = Widget::Code;
        self
    }

    /// The same, which few need: best kept out of sight until it is set, linked or asked for.
    #[must_use]
    pub const fn advanced(mut self) -> Self {
        self.advanced = true;
        self
    }
}

/// Why a value is not one for an input.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Misfit {
    /// It is of another type.
    Type,
    /// It is none of the choices.
    Choice,
    /// It is below the smallest number.
    TooSmall,
    /// It is above the largest number.
    TooBig,
}

impl Input {
    /// Why `value` is not one for this input, where that is so.
    #[must_use]
    pub fn misfit(&self, value: &Value) -> Option<Misfit> {
        if !self.ty.admits(value) {
            return Some(Misfit::Type);
        }
        if !self.choices.is_empty() && !value.as_text().is_some_and(|text| self.choices.contains(&text)) {
            return Some(Misfit::Choice);
        }
        let number = value.as_number()?;
        if self.min.is_some_and(|min| number < min) {
            return Some(Misfit::TooSmall);
        }
        self.max.is_some_and(|max| number > max).then_some(Misfit::TooBig)
    }

    /// What a value of this input must be, for people: `must be a number from 0 to 10`.
    #[must_use]
    pub fn wanted(&self) -> String {
        if !self.choices.is_empty() {
            return format!("must be one of {}", self.choices.join(", "));
        }
        let what = match self.ty {
            Type::Json => "any value",
            Type::Text => "a text",
            Type::Number => "a number",
            Type::Integer => "a whole number",
            Type::Boolean => "true or false",
            Type::List => "a list",
            Type::Object => "an object",
        };
        match (self.min, self.max) {
            (Some(min), Some(max)) => format!("must be {what} from {min} to {max}"),
            (Some(min), None) => format!("must be {what} of at least {min}"),
            (None, Some(max)) => format!("must be {what} of at most {max}"),
            (None, None) => format!("must be {what}"),
        }
    }
}

/// An output of a node class.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(rename = "OutputPort"))]
#[schema(as = OutputPort)]
pub struct Output {
    /// Its name, unique among the outputs of the class.
    pub name: &'static str,
    /// What it gives.
    #[serde(rename = "type")]
    pub ty: Type,
    /// What it is, in a sentence.
    pub description: &'static str,
}

impl Output {
    /// An output.
    #[must_use]
    pub const fn new(name: &'static str, ty: Type, description: &'static str) -> Self {
        Self { name, ty, description }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_linked() {
        let refused: Vec<(Type, Type)> = Type::ALL
            .into_iter()
            .flat_map(|target| Type::ALL.map(|source| (target, source)))
            .filter(|(target, source)| !target.takes(*source))
            .collect();
        assert!(refused.contains(&(Type::Number, Type::Text)) && refused.contains(&(Type::Integer, Type::Number)));
        assert!(!refused.contains(&(Type::Number, Type::Integer)));
        assert!(refused.iter().all(|(target, source)| *target != Type::Json && *source != Type::Json));
        assert!(Type::ALL.iter().all(|same| same.takes(*same)));
    }
}
