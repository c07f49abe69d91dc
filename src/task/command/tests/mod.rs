//! Commands, played from their start to their end with real processes.

mod ends;
mod output;
mod people;
mod stage;
mod steps;
