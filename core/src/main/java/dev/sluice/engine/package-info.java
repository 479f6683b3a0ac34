/// What an engine must do: six verbs over lists, and role interfaces for what not every engine can.
/// An engine records; it never decides.
package dev.sluice.engine;
