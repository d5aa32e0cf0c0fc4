return await Ferry.Cli.Commands.FerryCommand.RunAsync(args).ConfigureAwait(false);
