package dev.sluice.contract;

/// All topics that every engine in all roles must pass. Beside it stand [ReopenContract] for
/// durable engines and [ModelContract] for those that have an oracle.
public interface EngineContract
    extends OfferContract,
        BoundContract,
        DuplicateContract,
        OrderContract,
        ClaimContract,
        LeaseContract,
        FencingContract,
        SettleContract,
        DelayContract,
        ControlContract,
        InspectContract,
        RetentionContract,
        RememberContract,
        CloseContract,
        BatchContract {}
