#!/usr/bin/env escript
%% Connects to localhost with the defaults of Erlang's ssl. Usage: escript client.erl PORT
main([Port]) ->
    {ok, _} = application:ensure_all_started(ssl),
    case ssl:connect("127.0.0.1", list_to_integer(Port), [{verify, verify_none}, {server_name_indication, "localhost"}, {log_level, none}], 8000) of
        {ok, _} -> io:format("CONNECTED~n");
        Refused -> io:format("REFUSED ~p~n", [Refused])
    end.
