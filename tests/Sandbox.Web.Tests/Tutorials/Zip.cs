using System.IO.Compression;
using System.Net.Http.Headers;
using System.Text;

namespace Sandbox.Web.Tests.Tutorials;

/// <summary>Tutorials as zips.</summary>
internal static class Zip
{
    /// <summary>Two steps: the first has no check and a question, a file to write and an asset; the second has a check.</summary>
    public static Dictionary<string, string> Small => new(StringComparer.Ordinal)
    {
        ["tutorial.yaml"] =
            """
            title: A small one
            summary: For tests.
            image: busybox
            parameters:
              - name: color
                default: red
                choices: [red, blue]
            assets:
              - file: data/hello.txt
                target: ~/data/
                mode: "600"
            steps:
              - file: 01.md
              - file: 02.md
            """,
        ["01.md"] =
            """
            # First, in $$color$$

            ![a picture](picture.svg)

            ```bash run
            echo $$color$$
            ```

            ```file=notes.txt
            one MARK
            ```

            ```file=notes.txt replace=MARK
            two
            ```

            ```quiz
            Which?
            ( ) this
            (x) that
            ```
            """,
        ["02.md"] = "# Second\n\nDo it.\n",
        ["02.verify.sh"] = "[ -f /done ]\n",
        ["data/hello.txt"] = "hello\n",
        ["picture.svg"] = """<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"><script>alert(2)</script><rect width="3" height="4"/></svg>""",
    };

    public static byte[] Of(Dictionary<string, string> files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                using var file = zip.CreateEntry(name).Open();
                file.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return bytes.ToArray();
    }

    public static Task<Answer> PublishAsync(this Client client, Dictionary<string, string> files, string query = "") => client.PublishAsync(Of(files), query);

    public static Task<Answer> PublishAsync(this Client client, byte[] zip, string query = "")
    {
        var content = new ByteArrayContent(zip);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/zip");
        return client.SendAsync(HttpMethod.Post, "/api/v1/tutorials" + query, content);
    }
}
