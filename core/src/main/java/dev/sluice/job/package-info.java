/// The words of a job's life: what a job is, the states it passes through, what an enqueue answers.
/// Every other package speaks in these types; this one knows no other package of Sluice.
package dev.sluice.job;
