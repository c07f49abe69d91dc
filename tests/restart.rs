//! The server goes down, well or badly, and comes back: nothing that anybody saw is lost, and nothing is done twice.

mod branches;
mod chaos;
mod commands;
mod kill;
mod order;
mod places;
mod redis;
mod stop;
mod suspects;
mod tasks;
