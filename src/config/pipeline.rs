//! `[pipeline]`: who does which phase of the pipeline.

use garde::Validate;
use serde::{Deserialize, Serialize};

/// Who does which phase of the pipeline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields, default)]
pub struct Pipeline {
    /// The agent that looks into the matter; one of the default model where there is none.
    #[garde(inner(custom(super::check::name)))]
    pub research: Option<String>,
    /// The agent that makes a plan, in the same way.
    #[garde(inner(custom(super::check::name)))]
    pub planning: Option<String>,
    /// The agent that carries it out, in the same way.
    #[garde(inner(custom(super::check::name)))]
    pub implementation: Option<String>,
    /// Whether a person has to approve the plan.
    #[garde(skip)]
    pub approve_plan: bool,
    /// How often a phase that has failed may be tried again.
    #[garde(range(max = 1000))]
    pub max_retries: u32,
}

impl Default for Pipeline {
    fn default() -> Self {
        Self { research: None, planning: None, implementation: None, approve_plan: false, max_retries: 3 }
    }
}
