/// Examples, one idea each.
package dev.sluice.examples;
