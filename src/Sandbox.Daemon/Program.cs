using Sandbox.Daemon;

return await DaemonHost.RunAsync(args);
