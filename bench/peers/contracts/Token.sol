// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// OpenZeppelin's token as it is, all of it given to the deployer.
contract Token is ERC20 {
    constructor(uint256 supply) ERC20("Token", "TOK") {
        _mint(msg.sender, supply);
    }
}
