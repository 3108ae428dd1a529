using Sandbox.Cli;

return args switch
{
    ["tutorial-import", .. var rest] => TutorialImportCommand.Run(rest, Console.Out, Console.Error),
    ["tutorial-new", .. var rest] => TutorialNewCommand.Run(rest, Console.Out, Console.Error),
    ["tutorial-test", .. var rest] => await TutorialTestCommand.RunAsync(rest, Console.Out, Console.Error),
    ["tutorial-serve", .. var rest] => await TutorialServeCommand.RunAsync(rest, Console.Out, Console.Error),
    _ => Usage(),
};

static int Usage()
{
    Console.Error.WriteLine(
        """
        usage: tutorial-import DIR|ZIP [--json]    prints what the tutorials there need, do and lack
               tutorial-new DIR                    makes a tutorial to begin with
               tutorial-test DIR|ZIP [--json] [--junit FILE] [--url URL]
                                                   runs every step of the tutorials there
               tutorial-serve DIR [--url URL]      shows a tutorial while it is edited
        """);
    return 2;
}
