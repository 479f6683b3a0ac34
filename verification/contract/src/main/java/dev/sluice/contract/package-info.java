/// The conformance suite. The test class of an engine implements the contracts that apply to it and
/// says how to open one; each contract is one topic, each test one sentence. `Topic` is where to
/// begin, `ReferenceEngine` the specification by brute force.
package dev.sluice.contract;
