//! The laws of the plan.
