// Connects to localhost with Node's defaults. Usage: node node.js PORT
var tls = require('tls');
var options = {host: '127.0.0.1', port: +process.argv[2], servername: 'localhost', rejectUnauthorized: false};
var socket = tls.connect(options, function () { console.log('CONNECTED'); socket.write('GET / HTTP/1.0\r\n\r\n'); });
socket.on('data', function () { process.exit(0); });
setTimeout(function () { process.exit(0); }, 8000);
socket.on('error', function (error) { console.log('REFUSED', error.message); process.exit(0); });
socket.on('close', function () { process.exit(0); });
