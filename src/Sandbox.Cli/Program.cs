using Sandbox.Cli;

return args switch
{
    ["tutorial-import", .. var rest] => TutorialImportCommand.Run(rest, Console.Out, Console.Error),
    ["tutorial-new", .. var rest] => TutorialNewCommand.Run(rest, Console.Out, Console.Error),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        """
        usage: tutorial-import DIR|ZIP [--json]    prints what the tutorials there need, do and lack
               tutorial-new DIR                    makes a tutorial to begin with
        """);
    return 2;
}
