using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace Sandbox.Web.Store;

/// <summary>Who owns what. The runtime knows what runs; the reconciler compares the two.</summary>
internal sealed class SandboxDb(DbContextOptions<SandboxDb> options) : DbContext(options)
{
    public DbSet<PersonRow> People => Set<PersonRow>();

    public DbSet<PlanRow> Plans => Set<PlanRow>();

    public DbSet<TokenRow> Tokens => Set<TokenRow>();

    public DbSet<AdminLinkRow> AdminLinks => Set<AdminLinkRow>();

    public DbSet<RevocationRow> Revocations => Set<RevocationRow>();

    public DbSet<CatalogRow> Catalog => Set<CatalogRow>();

    public DbSet<PlaygroundRow> Playgrounds => Set<PlaygroundRow>();

    public DbSet<RecipeRow> Recipes => Set<RecipeRow>();

    public DbSet<SandboxRow> Sandboxes => Set<SandboxRow>();

    public DbSet<CatalogDigestRow> CatalogDigests => Set<CatalogDigestRow>();

    public DbSet<LockRow> Locks => Set<LockRow>();

    public DbSet<LockImageRow> LockImages => Set<LockImageRow>();

    public DbSet<LockLayerRow> LockLayers => Set<LockLayerRow>();

    public DbSet<OwnImageRow> OwnImages => Set<OwnImageRow>();

    public DbSet<OwnImageLayerRow> OwnImageLayers => Set<OwnImageLayerRow>();

    public DbSet<SharedImageRow> SharedImages => Set<SharedImageRow>();

    public DbSet<VolumeRow> Volumes => Set<VolumeRow>();

    public DbSet<LinkRow> Links => Set<LinkRow>();

    public DbSet<AliasRow> Aliases => Set<AliasRow>();

    public DbSet<AliasMoveRow> AliasMoves => Set<AliasMoveRow>();

    public DbSet<LinkStartRow> LinkStarts => Set<LinkStartRow>();

    public DbSet<ShareRow> Shares => Set<ShareRow>();

    public DbSet<RecordingRow> Recordings => Set<RecordingRow>();

    public DbSet<QueuePlaceRow> QueuePlaces => Set<QueuePlaceRow>();

    public DbSet<IdempotencyRow> IdempotencyKeys => Set<IdempotencyRow>();

    public DbSet<TutorialSourceRow> TutorialSources => Set<TutorialSourceRow>();

    public DbSet<TutorialRow> Tutorials => Set<TutorialRow>();

    public DbSet<TutorialNameRow> TutorialNames => Set<TutorialNameRow>();

    public DbSet<TutorialVersionRow> TutorialVersions => Set<TutorialVersionRow>();

    public DbSet<TutorialRunRow> TutorialRuns => Set<TutorialRunRow>();

    public DbSet<TutorialRunStepRow> TutorialRunSteps => Set<TutorialRunStepRow>();

    public DbSet<TutorialCountRow> TutorialCounts => Set<TutorialCountRow>();

    public DbSet<TutorialFailureRow> TutorialFailures => Set<TutorialFailureRow>();

    public DbSet<TutorialReportRow> TutorialReports => Set<TutorialReportRow>();

    public DbSet<AuditRow> Audit => Set<AuditRow>();

    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        // SQLite has no time type; as numbers they compare and sort.
        configurationBuilder.Properties<DateTimeOffset>().HaveConversion<UnixMilliseconds>();
        configurationBuilder.Properties<Enum>().HaveConversion<string>();
    }

    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<PlanRow>().HasKey(plan => plan.Name);
        modelBuilder.Entity<PersonRow>(person =>
        {
            person.HasKey(row => row.Id);
            person.HasOne(row => row.Plan).WithMany().HasForeignKey(row => row.PlanName).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<TokenRow>().HasKey(token => token.Hash);
        modelBuilder.Entity<AdminLinkRow>().HasKey(link => link.Hash);
        modelBuilder.Entity<RevocationRow>().HasKey(row => row.Subject);
        modelBuilder.Entity<CatalogRow>().HasKey(image => image.Name);
        modelBuilder.Entity<CatalogRow>().Ignore(image => image.Policy);
        modelBuilder.Entity<PlaygroundRow>(playground =>
        {
            playground.HasKey(row => row.Id);
            playground.HasOne(row => row.Owner).WithMany().HasForeignKey(row => row.OwnerId).OnDelete(DeleteBehavior.Restrict);
            playground.HasMany(row => row.Sandboxes).WithOne(row => row.Playground).HasForeignKey(row => row.PlaygroundId).OnDelete(DeleteBehavior.Cascade);
            playground.HasMany<ShareRow>().WithOne().HasForeignKey(row => row.PlaygroundId).OnDelete(DeleteBehavior.Cascade);
            playground.HasMany<IdempotencyRow>().WithOne().HasForeignKey(row => row.PlaygroundId).OnDelete(DeleteBehavior.Cascade);
            playground.HasOne(row => row.Place).WithOne(row => row.Playground).HasForeignKey<QueuePlaceRow>(row => row.PlaygroundId).OnDelete(DeleteBehavior.Cascade);
            playground.HasOne<RecipeRow>().WithMany().HasForeignKey(row => row.RecipeHash).OnDelete(DeleteBehavior.Restrict);
            playground.HasIndex(row => row.State);
        });
        modelBuilder.Entity<RecipeRow>().HasKey(row => row.Hash);
        modelBuilder.Entity<SandboxRow>().HasKey(row => row.Id);
        modelBuilder.Entity<SandboxRow>().Ignore(row => row.Policy);
        modelBuilder.Entity<ShareRow>(share =>
        {
            share.HasKey(row => row.Id);
            share.HasIndex(row => row.Hash).IsUnique();
            share.HasIndex(row => row.OwnerId);
        });
        modelBuilder.Entity<RecordingRow>(recording =>
        {
            // Neither its owner nor its playground is referred to: both may be forgotten before it.
            recording.HasKey(row => row.Id);
            recording.HasIndex(row => row.OwnerId);
        });
        modelBuilder.Entity<QueuePlaceRow>().HasKey(row => row.Id);
        modelBuilder.Entity<IdempotencyRow>().HasKey(row => new { row.OwnerId, row.Key });
        modelBuilder.Entity<AuditRow>(audit =>
        {
            audit.HasKey(row => row.Id);
            audit.HasIndex(row => new { row.Kind, row.Id });
            audit.HasIndex(row => new { row.PersonId, row.Id });
        });
        AddLinks(modelBuilder);
        AddTutorials(modelBuilder);
    }

    private static void AddLinks(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<CatalogDigestRow>().HasKey(row => new { row.Name, row.Digest });
        modelBuilder.Entity<LockRow>(lockRow =>
        {
            lockRow.HasKey(row => row.Hash);
            lockRow.HasOne<RecipeRow>().WithMany().HasForeignKey(row => row.Hash).OnDelete(DeleteBehavior.Restrict);
            lockRow.HasMany(row => row.Images).WithOne().HasForeignKey(row => row.Hash).OnDelete(DeleteBehavior.Cascade);
            lockRow.HasMany(row => row.Layers).WithOne().HasForeignKey(row => row.Hash).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<LockImageRow>(image =>
        {
            image.HasKey(row => new { row.Hash, row.Node });
            image.HasIndex(row => row.Digest);
        });
        modelBuilder.Entity<LockLayerRow>().HasKey(row => new { row.Hash, row.Digest });
        modelBuilder.Entity<OwnImageRow>(image =>
        {
            image.HasKey(row => new { row.OwnerId, row.Name });
            image.HasIndex(row => row.Digest);
            image.HasOne<PersonRow>().WithMany().HasForeignKey(row => row.OwnerId).OnDelete(DeleteBehavior.Restrict);
            image.HasMany(row => row.Layers).WithOne().HasForeignKey(row => new { row.OwnerId, row.Name }).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<SharedImageRow>(shared =>
        {
            // Its image may be built again, which replaces that row.
            shared.HasKey(row => row.Code);
            shared.HasIndex(row => new { row.OwnerId, row.Name }).IsUnique();
            shared.HasOne<PersonRow>().WithMany().HasForeignKey(row => row.OwnerId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<VolumeRow>(volume =>
        {
            volume.HasKey(row => row.Id);
            volume.HasIndex(row => new { row.OwnerId, row.Name }).IsUnique();
            volume.HasOne<PersonRow>().WithMany().HasForeignKey(row => row.OwnerId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<OwnImageLayerRow>().HasKey(row => new { row.OwnerId, row.Name, row.Digest });
        modelBuilder.Entity<LinkRow>(link =>
        {
            link.HasKey(row => new { row.OwnerId, row.Hash });
            link.HasOne(row => row.Lock).WithMany().HasForeignKey(row => row.Hash).OnDelete(DeleteBehavior.Restrict);
            link.HasOne<PersonRow>().WithMany().HasForeignKey(row => row.OwnerId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<AliasRow>(alias =>
        {
            // Its lock may be deleted while it stays: then its page says so, and its owner can move it.
            alias.HasKey(row => row.Name);
            alias.HasIndex(row => row.OwnerId);
            alias.HasMany(row => row.Moves).WithOne().HasForeignKey(row => row.Name).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<AliasMoveRow>().HasKey(row => new { row.Name, row.At });
        modelBuilder.Entity<LinkStartRow>(start =>
        {
            start.HasKey(row => row.PlaygroundId);
            start.HasIndex(row => new { row.OwnerId, row.Hash, row.At });
        });
    }

    private static void AddTutorials(ModelBuilder modelBuilder)
    {
        modelBuilder.Entity<TutorialSourceRow>().HasKey(row => row.Hash);
        modelBuilder.Entity<TutorialRow>(tutorial =>
        {
            tutorial.HasKey(row => new { row.OwnerId, row.Hash });
            tutorial.HasIndex(row => row.Hash);
            tutorial.HasOne<TutorialSourceRow>().WithMany().HasForeignKey(row => row.SourceHash).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<TutorialNameRow>(name =>
        {
            // Its tutorial may be deleted while it stays: then its page says so, and its owner can move it.
            name.HasKey(row => row.Name);
            name.HasIndex(row => row.Hash);
            name.HasMany(row => row.Versions).WithOne().HasForeignKey(row => row.Name).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<TutorialVersionRow>().HasKey(row => new { row.Name, row.At });
        modelBuilder.Entity<TutorialRunRow>(run =>
        {
            run.HasKey(row => row.Id);
            run.HasIndex(row => row.Code).IsUnique();
            run.HasOne<TutorialSourceRow>().WithMany().HasForeignKey(row => row.SourceHash).OnDelete(DeleteBehavior.Restrict);
            run.HasOne<PlaygroundRow>().WithOne(row => row.Run).HasForeignKey<TutorialRunRow>(row => row.PlaygroundId).OnDelete(DeleteBehavior.SetNull);
            run.HasMany(row => row.Steps).WithOne().HasForeignKey(row => row.RunId).OnDelete(DeleteBehavior.Cascade);
        });
        modelBuilder.Entity<TutorialRunStepRow>().HasKey(row => new { row.RunId, row.Number });
        modelBuilder.Entity<TutorialCountRow>().HasKey(row => new { row.Hash, row.Number });
        modelBuilder.Entity<TutorialFailureRow>().HasKey(row => new { row.Hash, row.Number, row.Part });
        modelBuilder.Entity<TutorialReportRow>(report =>
        {
            report.HasKey(row => row.Id);
            report.HasIndex(row => row.Hash);
        });
    }

    private sealed class UnixMilliseconds() : ValueConverter<DateTimeOffset, long>(
        time => time.ToUnixTimeMilliseconds(),
        number => DateTimeOffset.FromUnixTimeMilliseconds(number));
}
