/// Delivery of jobs as signed HTTP requests, with a guard over where they may go. Start at
/// [dev.sluice.webhook.Webhook] and [dev.sluice.webhook.WebhookHandler].
package dev.sluice.webhook;
