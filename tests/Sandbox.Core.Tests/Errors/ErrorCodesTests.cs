using System.Text.Json;
using Sandbox.Core.Errors;
using Xunit;

namespace Sandbox.Core.Tests.Errors;

public sealed class ErrorCodesTests
{
    [Fact]
    public void Every_code_has_a_text_of_its_own_and_comes_back_from_it()
    {
        var codes = Enum.GetValues<ErrorCode>();

        Assert.Equal(codes.Length, codes.Select(ErrorCodes.Text).Distinct().Count());
        foreach (var code in codes)
        {
            Assert.Equal(JsonNamingPolicy.SnakeCaseLower.ConvertName(code.ToString()), ErrorCodes.Text(code));
            Assert.True(ErrorCodes.TryParse(ErrorCodes.Text(code), out var back));
            Assert.Equal(code, back);
            Assert.InRange(ErrorCodes.Status(code), 400, 599);
        }
    }

    [Theory]
    [InlineData(ErrorCode.Internal, "internal", 500)]
    [InlineData(ErrorCode.ImageNotFound, "image_not_found", 404)]
    [InlineData(ErrorCode.CommandNotFound, "command_not_found", 422)]
    [InlineData(ErrorCode.Quota, "quota", 429)]
    [InlineData(ErrorCode.Capacity, "capacity", 429)]
    [InlineData(ErrorCode.RuntimeUnavailable, "runtime_unavailable", 503)]
    [InlineData(ErrorCode.DiskFull, "disk_full", 507)]
    public void The_public_contract_stands(ErrorCode code, string text, int status)
    {
        Assert.Equal(text, ErrorCodes.Text(code));
        Assert.Equal(status, ErrorCodes.Status(code));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("NotFound")]
    [InlineData("1")]
    [InlineData("not_found ")]
    public void What_is_no_code_is_refused(string? text) => Assert.False(ErrorCodes.TryParse(text, out _));

    [Fact]
    public void A_number_that_is_no_code_has_no_text() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => ErrorCodes.Text((ErrorCode)999));
}
